"""The durations of requests: one series per path that is served, whatever callers ask for."""

from spiderpool.agent.tests.kit import AgentNode, story
from spiderpool.ports.http import Request


@story()
async def test_every_served_path_is_counted_and_all_others_together(node: AgentNode) -> None:
    for path in ("/v1/runtime/liveness", "/v1/runtime/a", "/v1/runtime/b", "/"):
        await node.ask(Request(method="GET", path=path))

    assert node.counted("request", path="/v1/runtime/liveness") == 1
    assert node.counted("request", path="other") == 3
    assert not [labels for metric, labels in node.telemetry.counters if "/v1/runtime/a" in dict(labels).values()]
