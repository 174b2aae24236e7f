"""A disk that fails: the agent goes on, says so, loses no DEL, and does what it could not do when the disk is back."""

import pytest

from spiderpool.agent.tests.kit import AgentNode, story
from spiderpool.agent.tests.test_overload import run_plugin

SPOOL = "/var/lib/spidernet/spool"


def fail(node: AgentNode, *operations: str, under: str = "/", times: int = 1_000_000) -> None:
    """Operations of these kinds under a folder fail so many times from now on."""
    left = [times]

    def watch(operation: str, path: str) -> None:
        if operation in operations and path.startswith(under) and left[0] > 0:
            left[0] -= 1
            raise OSError(5, "Input/output error")

    node.disk.on_operation = watch


async def freed(node: AgentNode) -> bool:
    return not await node.cluster.claims()


async def buried(node: AgentNode) -> None:
    """A pod whose DEL lies in the spool."""
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.link.set_state("refusing")
    assert (await node.delete()).ok
    assert len(await node.disk.names(SPOOL)) == 1


@pytest.mark.parametrize("operation", ["names", "read", "remove"])
def test_a_spool_that_fails_does_not_end_the_agent_and_the_del_is_carried_out_later(operation: str) -> None:
    @story()
    async def play(node: AgentNode) -> None:
        await buried(node)
        fail(node, operation, under=SPOOL)
        node.link.set_state("up")
        await node.cluster.clock.sleep(60)
        assert node.counted("spool_errors") > 0
        assert (await node.add(await node.cluster.pod("other"), "c2")).ok
        await node.delete("c2")
        node.disk.on_operation = None
        await node.wait(lambda: freed(node))
        assert node.said("buried DEL carried out")

    play()


@story()
async def test_one_tombstone_that_cannot_be_read_does_not_hold_up_the_others(node: AgentNode) -> None:
    await buried(node)
    for container in ("c0", "c2"):
        await node.disk.write(f"{SPOOL}/{container}.eth0.1.req", b"nothing of ours")
    fail(node, "read", under=f"{SPOOL}/c0")
    node.link.set_state("up")
    await node.wait(lambda: freed(node))
    await node.cluster.clock.sleep(30)
    assert await node.disk.names(SPOOL) == ["c0.eth0.1.req"]


@story(started=False)
async def test_an_agent_whose_disk_fails_from_the_start_serves(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    fail(node, "names")
    await node.start()
    assert (await node.add(pod)).ok
    assert node.said("the journal cannot be read")


@story()
async def test_a_journal_entry_that_cannot_be_removed_keeps_no_address(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    fail(node, "remove")
    assert (await node.delete()).ok
    assert await node.cluster.claims() == {}
    assert node.said("journal entry cannot be removed")


@pytest.mark.parametrize("times", [0, 1])
def test_an_add_whose_journal_cannot_be_written_names_the_folder_and_the_remedy(times: int) -> None:
    """Before the first claim, and once more before the answer."""

    @story()
    async def play(node: AgentNode) -> None:
        await node.cluster.pools()
        pod = await node.cluster.pod("web")
        skip = [times]

        def full(operation: str, path: str) -> None:
            if operation == "write":
                skip[0] -= 1
                if skip[0] < 0:
                    raise OSError(28, "No space left on device")

        node.disk.on_operation = full
        reply = await node.add(pod)
        assert reply.code == 5
        assert [
            word for word in ("No space left", "/run/spidernet/journal", "make room") if word not in reply.words
        ] == []
        assert await node.cluster.claims() == {}

    play()


@story()
async def test_a_del_that_the_agent_cannot_write_down_is_written_down_by_the_plugin(node: AgentNode) -> None:
    """It has no exit header, so the plugin takes it for no answer."""
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.link.set_state("refusing")
    fail(node, "write")
    code, stdout, spooled = await run_plugin(node, "DEL")
    assert (code, stdout, len(spooled)) == (0, b"", 1)
    assert node.counted("disk_errors") == 1
