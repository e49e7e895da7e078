"""Stored files for staff: pictures in place, everything else as a download, and never as a page."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase

from messaging.content.media import StoredFile, picture_type, thumbnail


def file_answer(file: StoredFile, *, small: bool) -> HttpResponseBase:
    """Answer with a stored file, or with a small picture of it.

    Raises:
        Http404: there is none, or it is no picture and a small one is wanted.
    """
    if not file.path or not default_storage.exists(file.path):
        raise Http404
    response: HttpResponseBase
    if small:
        picture = thumbnail(file.path)
        if picture is None:
            raise Http404
        response = HttpResponse(picture, content_type="image/jpeg")
    else:
        # Whatever the name says: a browser may show pictures, and nothing that could be a page with a script.
        shown = picture_type(file.path)
        response = FileResponse(
            default_storage.open(file.path, "rb"),
            as_attachment=not shown,
            filename=file.name or "file",
            content_type=shown or "application/octet-stream",
        )
    response["X-Content-Type-Options"] = "nosniff"
    return response
