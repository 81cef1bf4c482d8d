"""The flows that this suite ships: their parts, their parameters, and the definitions made from them."""
