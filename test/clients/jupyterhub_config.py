"""JupyterHub for the tests: without a proxy before it, and with servers that only say that they are there."""

import os

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


class NoProxy(Proxy):
    should_start = False

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes

    routes = {}


class Present(RequestHandler):
    def get(self):
        self.finish("{}")


class PresentSpawner(Spawner):
    server_of_tests = None

    async def start(self):
        sockets = bind_sockets(0, "127.0.0.1")
        self.server_of_tests = HTTPServer(Application([(".*", Present)]))
        self.server_of_tests.add_sockets(sockets)
        return f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def stop(self, now=False):
        if self.server_of_tests is not None:
            self.server_of_tests.stop()
        self.server_of_tests = None

    async def poll(self):
        return 0 if self.server_of_tests is None else None


c = get_config()  # noqa: F821
c.JupyterHub.hub_bind_url = os.environ["HUB_URL"]
c.JupyterHub.bind_url = "http://127.0.0.1:1"
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = PresentSpawner
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["PASSWORD"]
c.Authenticator.admin_users = {"root"}
c.Authenticator.allowed_users = {"ada", "bob"}
c.JupyterHub.log_level = "WARN"
