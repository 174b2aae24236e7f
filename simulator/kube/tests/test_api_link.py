"""The way to the server: latency, loss, late commits, broken watches, counts."""

import asyncio
from typing import Any

import pytest

from simulator.kube.api import ApiRequest, Json
from simulator.kube.calls import Meter, describe
from simulator.kube.link import ApiLink, Fault, FaultPlan, FaultRule
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.replica import Replica
from simulator.kube.server.tests.api_kit import CONFIGMAPS, Client, Seeded, VirtualClock, configmap, run, server


def _link(api: ApiServer, *faults: FaultRule, seconds: float = 0.0, **more: Any) -> ApiLink:
    plan = FaultPlan(faults) if faults else None
    return ApiLink(api, clock=VirtualClock(), client="n1", latency=lambda: seconds, decide=plan, **more)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _names(api: ApiServer) -> list[str]:
    return [item["metadata"]["name"] for item in (await Client(api).ok("GET", CONFIGMAPS))["items"]]


def test_a_request_takes_one_way_there_and_one_way_back() -> None:
    async def story() -> None:
        client = Client(_link(server(), seconds=0.25))
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        assert _now() == 0.5

    run(story)


def test_a_lost_request_writes_nothing() -> None:
    async def story() -> None:
        api = server()
        client = Client(_link(api, FaultRule(fault=Fault(effect="lose", seconds=2), verb="create")))
        with pytest.raises(ConnectionError):
            await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (_now(), await _names(api)) == (2, [])
        await client.ok("POST", CONFIGMAPS, configmap("a"))

    run(story)


def test_a_lost_answer_leaves_the_write_behind() -> None:
    async def story() -> None:
        api = server()
        client = Client(_link(api, FaultRule(fault=Fault(effect="lose_answer"), verb="create")))
        with pytest.raises(ConnectionError):
            await client.send("POST", CONFIGMAPS, configmap("a"))
        assert await _names(api) == ["a"]
        assert await client.refused("POST", CONFIGMAPS, configmap("a")) == (409, "AlreadyExists")

    run(story)


def test_a_write_can_commit_after_its_client_gave_up() -> None:
    async def story() -> None:
        api = server()
        fault = Fault(effect="commit_late", seconds=5, give_up_seconds=1)
        client = Client(_link(api, FaultRule(fault=fault)))
        with pytest.raises(TimeoutError):
            await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (_now(), await _names(api)) == (1, [])
        await asyncio.sleep(4.5)
        assert await _names(api) == ["a"]

    run(story)


def test_cancelling_a_client_does_not_take_its_write_back() -> None:
    async def story() -> None:
        api = server()
        writer = asyncio.ensure_future(Client(_link(api, seconds=1.0)).send("POST", CONFIGMAPS, configmap("a")))
        await asyncio.sleep(0.5)
        writer.cancel()
        await asyncio.sleep(0.25)
        assert await _names(api) == []
        await asyncio.sleep(0.5)
        assert await _names(api) == ["a"]

    run(story)


def test_a_refusal_on_the_way_has_a_status_and_writes_only_if_told_to() -> None:
    async def story() -> None:
        api = server()
        client = Client(
            _link(
                api,
                FaultRule(fault=Fault(effect="refuse", status=429, retry_after_seconds=3), name="", times=1),
                FaultRule(fault=Fault(effect="commit_and_refuse", status=504), skip=0),
            )
        )
        answer = await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (answer.status, answer.body["reason"]) == (429, "TooManyRequests")
        assert answer.body["details"]["retryAfterSeconds"] == 3
        assert await _names(api) == []
        answer = await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (answer.status, answer.body["reason"]) == (504, "Timeout")
        assert await _names(api) == ["a"]

    run(story)


def test_a_write_that_was_refused_can_be_done_later_all_the_same() -> None:
    async def story() -> None:
        api = server()
        says = "etcdserver: request timed out"
        fault = Fault(effect="commit_late_and_refuse", seconds=5, give_up_seconds=1, says=says)
        answer = await Client(_link(api, FaultRule(fault=fault))).send("POST", CONFIGMAPS, configmap("a"))
        assert (answer.status, answer.body["message"], "reason" in answer.body) == (500, says, False)
        assert (_now(), await _names(api)) == (1, [])
        await asyncio.sleep(4.5)
        assert await _names(api) == ["a"]

    run(story)


def test_a_rule_may_mean_all_writes_and_no_read() -> None:
    plan = FaultPlan([FaultRule(fault=Fault(effect="lose"), writes=True, times=9)])
    asked = [plan("n1", describe(ApiRequest(method=method, path=CONFIGMAPS))) for method in ("GET", "POST", "DELETE")]
    assert [fault is not None for fault in asked] == [False, True, True]


def test_a_forsaken_watch_says_nothing_more_and_the_server_has_forgotten_it() -> None:
    async def story() -> None:
        api = server()
        link = _link(api)
        stream = aiter(link.watch(ApiRequest(method="GET", path=CONFIGMAPS)))
        first = asyncio.ensure_future(anext(stream))
        await Client(api).ok("POST", CONFIGMAPS, configmap("a"))
        assert (await first)["object"]["metadata"]["name"] == "a"
        second = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(1)
        link.forsake_watches()
        assert api.watches_open == 0
        await Client(api).ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(1000)
        assert not second.done()

    run(story)


def test_a_rule_hits_the_requests_that_it_names_and_spares_the_first() -> None:
    plan = FaultPlan(
        [FaultRule(fault=Fault(effect="lose"), client="n1", verb="create", resource="configmaps", skip=1, times=2)]
    )
    create = describe(ApiRequest(method="POST", path=CONFIGMAPS))
    status = describe(ApiRequest(method="PUT", path="/api/v1/namespaces/default/pods/p/status"))
    assert (status.verb, status.resource, status.namespace, status.name) == ("update", "pods/status", "default", "p")
    assert plan("n2", create) is None
    assert plan("n1", status) is None
    assert [plan("n1", create) is None for _ in range(4)] == [True, False, False, True]
    assert plan.hits == [2]


def test_every_request_is_counted_by_client_verb_and_resource() -> None:
    async def story() -> None:
        meter = Meter()
        client = Client(_link(server(), meter=meter))
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        await client.ok("GET", CONFIGMAPS + "/a")
        await client.ok("GET", CONFIGMAPS)
        await client.ok("DELETE", CONFIGMAPS)
        await client.events(CONFIGMAPS, 1, timeoutSeconds=1)
        assert meter.counts == {
            ("n1", "create", "configmaps"): 1,
            ("n1", "get", "configmaps"): 1,
            ("n1", "list", "configmaps"): 1,
            ("n1", "deletecollection", "configmaps"): 1,
            ("n1", "watch", "configmaps"): 1,
        }
        assert (meter.total(verb="list"), meter.total(client="n2"), meter.total()) == (1, 0, 5)

    run(story)


@pytest.mark.parametrize(("gather_seconds", "at_seconds"), [(0.0, (2.5, 2.75, 4.5)), (1.0, (3.5, 3.5, 5.5))])
def test_events_arrive_after_their_latency_in_order_and_together_where_they_are_gathered(
    gather_seconds: float, at_seconds: tuple[float, ...]
) -> None:
    async def story() -> None:
        api = server()
        link = _link(api, seconds=0.5, gather_seconds=gather_seconds)
        arrived: list[tuple[float, str]] = []

        async def follow() -> None:
            async for event in link.watch(ApiRequest(method="GET", path=CONFIGMAPS)):
                name = event["object"]["metadata"]["name"]
                arrived.append((_now(), name))

        task = asyncio.ensure_future(follow())
        await asyncio.sleep(2)
        await Client(api).ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(0.25)
        await Client(api).ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(1.75)
        await Client(api).ok("POST", CONFIGMAPS, configmap("c"))
        await asyncio.sleep(3)
        assert arrived == list(zip(at_seconds, "abc", strict=True))
        task.cancel()

    run(story)


def test_held_events_come_when_released_and_cut_ones_never() -> None:
    async def story() -> None:
        api = server()
        link = _link(api)
        arrived: list[str] = []
        broken: list[float] = []

        async def follow() -> None:
            try:
                async for event in link.watch(ApiRequest(method="GET", path=CONFIGMAPS)):
                    name = event["object"]["metadata"]["name"]
                    arrived.append(name)
            except ConnectionError:
                broken.append(_now())

        task = asyncio.ensure_future(follow())
        await asyncio.sleep(1)
        link.hold_watches("configmaps")
        await Client(api).ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(1)
        assert arrived == []
        link.release_watches()
        await asyncio.sleep(1)
        assert arrived == ["a"]
        link.hold_watches()
        await Client(api).ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(1)
        link.cut_watches("pods")
        assert not task.done()
        link.cut_watches()
        link.release_watches()
        await task
        assert (arrived, broken) == (["a"], [4])

    run(story)


def test_a_silent_link_is_half_open_and_a_refusing_one_breaks() -> None:
    async def story() -> None:
        api = server()
        link = _link(api, patience_seconds=10)
        client = Client(link)
        link.set_state("silent")
        with pytest.raises(TimeoutError):
            await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (_now(), await _names(api)) == (10, [])
        link.set_state("refusing")
        with pytest.raises(ConnectionError):
            await client.send("GET", CONFIGMAPS)
        with pytest.raises(ConnectionError):
            await client.events(CONFIGMAPS, 1)
        link.set_state("up")
        await client.ok("POST", CONFIGMAPS, configmap("a"))

    run(story)


def test_events_of_a_silent_time_come_when_the_link_is_up_again() -> None:
    async def story() -> None:
        api = server()
        link = _link(api)
        task: asyncio.Task[list[Json]] = asyncio.ensure_future(Client(link).events(CONFIGMAPS, 1))
        await asyncio.sleep(1)
        link.set_state("silent")
        await Client(api).ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(5)
        assert not task.done()
        link.set_state("up")
        assert [event["object"]["metadata"]["name"] for event in await task] == ["a"]

    run(story)


def test_a_watch_can_be_refused_or_lost() -> None:
    async def story() -> None:
        rules = [
            FaultRule(fault=Fault(effect="refuse", status=410), verb="watch"),
            FaultRule(fault=Fault(effect="lose"), verb="watch"),
        ]
        client = Client(_link(server(), *rules))
        events = await client.events(CONFIGMAPS, 1)
        assert (events[0]["type"], events[0]["object"]["code"]) == ("ERROR", 410)
        with pytest.raises(ConnectionError):
            await client.events(CONFIGMAPS, 1)

    run(story)


def test_a_client_that_is_moved_loses_its_watches_and_speaks_to_the_other_server() -> None:
    async def story() -> None:
        one, other = server(), server()
        link = _link(one)
        watch = link.watch(ApiRequest(method="GET", path=CONFIGMAPS))
        begun = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(1)
        link.move(other)
        with pytest.raises(ConnectionError):
            await begun
        await Client(link).ok("POST", CONFIGMAPS, configmap("a"))
        assert (await _names(one), await _names(other), one.watches_open) == ([], ["a"], 0)

    run(story)


def test_a_write_that_arrives_late_at_a_server_that_does_not_run_harms_nobody() -> None:
    async def story() -> None:
        first = server()
        replica = Replica(first.store, VirtualClock(), Seeded())
        fault = Fault(effect="commit_late", seconds=5, give_up_seconds=1)
        link = ApiLink(
            replica, clock=VirtualClock(), client="n1", decide=FaultPlan((FaultRule(fault=fault, verb="create"),))
        )
        with pytest.raises(TimeoutError):
            await Client(link).send("POST", CONFIGMAPS, configmap("a"))
        replica.stop()
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        await asyncio.sleep(10)
        assert (await _names(first), complaints) == ([], [])
        with pytest.raises(ConnectionError):
            await anext(link.watch(ApiRequest(method="GET", path=CONFIGMAPS)))

    run(story)
