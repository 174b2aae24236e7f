"""The node as a port: network namespaces, addresses on interfaces, files. pyroute2 stands behind ``netlink.py``.

| file | what it is |
| --- | --- |
| port.py | what the agent asks of its node |
| netlink.py | the real node: setns, rtnetlink |
| disk.py | the real files: temporary name, fsync, rename |
| identity.py | machine id, boot id and node name of this node |
"""
