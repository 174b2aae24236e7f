"""Every benchmark by the name that ``--only`` takes, from quick to slow."""

from e2e.benchmarks import (
    add_latency,
    agent_memory,
    burst,
    campaign_speed,
    direct_face,
    http_face,
    idle_watchers,
    plugin_start,
    pool_size,
    simulator_speed,
    whole_pods,
)
from e2e.benchmarks.figure import Benchmark

BENCHMARKS: dict[str, Benchmark] = {
    "plugin-start": plugin_start.run,
    "simulator": simulator_speed.run,
    "campaign": campaign_speed.run,
    "direct": direct_face.run,
    "https": http_face.run,
    "watchers": idle_watchers.run,
    "pool-size": pool_size.run,
    "add": add_latency.run,
    "agent-memory": agent_memory.run,
    "burst": burst.run,
    "whole-pods": whole_pods.run,
}
