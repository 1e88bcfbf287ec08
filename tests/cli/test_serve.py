import json
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

from fjsim.cli.program import main

BODY = {
    "model": "fjsim-simulated",
    "user": "replica=0 seat=1 round=0 draw=0 repair=0",
    "messages": [
        {
            "role": "user",
            "content": "## Question\n\nWhich?\n\n## Options\n\nA) this\nB) that\n\nAnswer.",
        }
    ],
}


@contextmanager
def served(*options):
    code = "from fjsim.cli.program import main; import sys; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def post(url, body):
    request = urllib.request.Request(
        url + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def test_base_url_is_printed_when_ready_and_the_simulated_model_answers() -> None:
    with served("--latency-ms", "1") as (process, base_url):
        assert base_url.startswith("http://127.0.0.1:")
        reply = post(base_url, BODY)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)
        assert "fjsim run --backend openai --model fjsim-simulated" in process.stderr.read()
    assert set(json.loads(reply["choices"][0]["message"]["content"])) == {
        "reasoning",
        "answer",
        "belief",
        "confidence",
    }
    assert reply["model"] == "fjsim-simulated"


def test_same_request_gets_the_same_reply_from_another_server() -> None:
    replies = []
    for _ in range(2):
        with served() as (_, base_url):
            replies.append(post(base_url, BODY)["choices"])
    assert replies[0] == replies[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "rate-limt=0.1"], "did you mean 'rate-limit'"),
        (["--questions", "no-such.jsonl"], "no such file"),
        (["--port", "99999"], "65535"),
    ],
)
def test_wrong_options_are_one_line_and_exit_2(options, words, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *options])
    assert stopped.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_port_in_use_is_one_line_and_exit_2(capsys) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        with pytest.raises(SystemExit) as stopped:
            main(["serve", "--port", str(busy.getsockname()[1])])
    assert stopped.value.code == 2
    assert "give another --port" in " ".join(capsys.readouterr().err.split())
