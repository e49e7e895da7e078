"""Everything held about a person: handing it out and erasing it."""
