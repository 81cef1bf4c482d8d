"""The verbs that deploy a flow and act on a deployed one."""
