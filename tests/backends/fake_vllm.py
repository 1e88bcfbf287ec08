"""Stands in for ``vllm serve``: answers on --port, ignores SIGTERM's manners, leaves a child."""

import http.server
import json
import subprocess
import sys

REPLY = {
    "model": "fake",
    "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(REPLY)

    def answer(self, body) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        pass


def main() -> None:
    if "--broken" in sys.argv:
        sys.exit("ValueError: no such model")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("arguments", *sys.argv[1:], flush=True)
    print("child", child.pid, flush=True)
    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
