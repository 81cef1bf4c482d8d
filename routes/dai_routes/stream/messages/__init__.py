"""What messages hold: how a message becomes a record, and what is written of a rejected one."""
