"""The HTTP server of the tests does what it is told."""

from tests.engagement.channels.http.sending import send
from tests.http import HttpServer, Reply, Request


def test_a_server_may_answer_by_what_it_is_asked() -> None:
    def echo(request: Request) -> Reply:
        return Reply(200, request.json)

    with HttpServer() as server:
        server.answer_by(echo, path="/echo")
        server.answer(404)
        server.answer(503, count=1)
        assert send(f"{server.url}/echo?x").status == 503
        assert send(f"{server.url}/echo?x", content=b"[1]").body == b"[1]"
        assert send(f"{server.url}/else").status == 404
        assert len(server.wait_for(3)) == 3
