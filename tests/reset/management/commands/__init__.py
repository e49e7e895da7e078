"""Django calls one of these by itself."""
