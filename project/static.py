"""Static files; with DEBUG straight from the apps."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import MissingFileError


class StaticFiles(ServeStaticMiddleware):  # type: ignore[misc]
    """ServeStatic's, but for one thing: with DEBUG it raises an error for a missing file, which is a 500."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file, the page, or, under the prefix of static files, 404."""
        try:
            response: HttpResponseBase = await super().__call__(request)
        except MissingFileError as error:
            raise Http404(str(error)) from error
        return response
