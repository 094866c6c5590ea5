"""The seed's Python example, as it stands in its document, against a real server."""

import asyncio
import random
import re
import runpy
import statistics
from typing import Any

import httpx
import pytest
from server_process import ROOT, ServerProcess

EXAMPLE = ROOT / "examples" / "custom_feature_pipeline.py"
LINE = re.compile(r"Sample (\d+): rolling_mean_5=(-?\d+\.\d\d)")


def test_prints_features_from_sample_20_on(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class ClientOfThisServer(httpx.AsyncClient):
        """The example has port 14345 in it; the test's server has another one."""

        async def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
            assert str(url).startswith("http://localhost:14345/"), url
            answer = await super().request(
                method, httpx.URL(url).copy_with(host="127.0.0.1", port=server.port), **options
            )
            assert answer.status_code == 200, answer.text
            return answer

    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: sleep(0))
    monkeypatch.setattr(httpx, "AsyncClient", ClientOfThisServer)
    random.seed(5)
    runpy.run_path(str(EXAMPLE), run_name="__main__")

    random.seed(5)
    values = [72 + random.gauss(0, 2) for _ in range(100)]
    printed = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines()]
    assert [int(line[1]) for line in printed if line] == list(range(20, 100))
    assert len(printed) == 80
    for line in printed:
        assert line is not None
        i = int(line[1])
        assert float(line[2]) == pytest.approx(statistics.fmean(values[i - 4 : i + 1]), abs=0.006)
    with server.client() as client:
        assert client.get("/buffers/custom-features").status_code == 404


def test_stands_as_in_the_document() -> None:
    """Whoever changes the example changes what its users were promised."""
    text = EXAMPLE.read_text()
    assert 'self.base_url = "http://localhost:14345/v1/ml/polars"' in text
    assert "headrace" not in text
