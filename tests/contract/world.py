"""What there is on the server while the fuzzer runs: jobs, shares, keys, sessions and users that requests can name.

Owns the server's side of a request that shall succeed; which request gets what is hooks.py's. Everything is made
through the API itself, but for the users, whom only the command line makes.
"""

import itertools
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request

PATIENCE_S = 120
ALL_SCOPES = ["jobs:read", "jobs:write", "shares:write", "keys:write", "webhooks:write"]
SMALL = {"prompt": "closed hi hat", "variations": 0}


class World:
    """Calls the server as the local user. May be used from several threads."""

    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/"), token
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.finished, self.tokens, self.templates = [], [], []

    def call(self, method, path, body=None, headers=None):
        """Status, headers and JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)
        for name, value in {"Authorization": f"Bearer {self.token}", **(headers or {})}.items():
            request.add_header(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE_S)  # noqa: S310 - loopback
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None

    def made(self, method, path, body=None, headers=None):
        """The same, where anything but success is a fault."""
        status, answer_headers, answer = self.call(method, path, body, headers)
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer_headers, answer

    def job(self):
        """The id of a job that nobody asked for before."""
        with self.lock:
            seed = next(self.numbers)
        return self.made("POST", "/v1/jobs", {**SMALL, "seed": seed})[1]["id"]

    def cancelled_job(self):
        job = self.job()
        self.cancel(job)
        return job

    def cancel(self, job):
        """Cancels a job that may be gone already."""
        self.call("POST", f"/v1/jobs/{job}/cancel")

    def finished_job(self):
        """The id of a job that has a bundle with a variation."""
        with self.lock:
            seed = next(self.numbers)
        job = self.made("POST", "/v1/jobs", {"prompt": "warm pad, wide", "variations": 1, "seed": seed})[1]["id"]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            now = self.made("GET", f"/v1/jobs/{job}")[1]
            if now["state"] == "succeeded":
                return job
            if now["state"] in ("failed", "cancelled") or time.monotonic() > deadline:
                raise RuntimeError(f"no bundle: {now}")
            time.sleep(0.05)

    def share(self):
        return self.made("POST", f"/v1/jobs/{self.finished[0]}/shares", {})[1]

    def key(self):
        return self.made("POST", "/v1/keys", {"name": "short-lived", "scopes": ["jobs:read"]})[1]

    def webhook(self):
        # `.invalid` is no name anywhere: nothing is ever sent. Nor is it told of every job that ends here.
        return self.made("POST", "/v1/webhooks", {"url": "https://hooks.invalid/", "events": ["webhook.test"]})[1]

    def user(self):
        with self.lock:
            number = next(self.numbers)
        return self.made("POST", "/v1/admin/users", {"name": f"user {number}"})[1]

    def session(self):
        """Cookie and CSRF token of a new session."""
        headers, answer = self.made("POST", "/v1/session")
        return headers["Set-Cookie"].split(";")[0], answer["csrf_token"]

    def populate(self, binary, environment):
        """Makes everything that lasts; returns the key of a user who may go."""
        self.finished = [self.finished_job() for _ in range(2)]
        self.tokens = [self.share()["token"] for _ in range(2)]
        templates = self.made("GET", "/v1/templates")[1]
        self.templates = [template["id"] for template in templates["items"]]
        self.made("POST", "/v1/admin/plans", {"name": "spare"})
        self.command(binary, environment, "user", "add", "guest")
        scopes = [word for scope in ALL_SCOPES for word in ("--scope", scope)]
        return self.command(binary, environment, "key", "add", "--user", "guest", "--name", "guest", *scopes)["secret"]

    @staticmethod
    def command(binary, environment, *arguments):
        done = subprocess.run([binary, "admin", *arguments, "--json"], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"admin {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def written(self, path):
        """Leaves to the fuzzer's process what it needs to know."""
        known = {"url": self.url, "token": self.token, "finished": self.finished, "tokens": self.tokens,
                 "templates": self.templates}
        path.write_text(json.dumps(known), "utf-8")

    @classmethod
    def read(cls, path):
        known = json.loads(path.read_text("utf-8"))
        world = cls(known.pop("url"), known.pop("token"))
        vars(world).update(known)
        # Seeds that the process before has not given out.
        world.numbers = itertools.count(1_000_000 + time.time_ns() % 1_000_000_000)
        return world
