"""Headings below which `sweep --help` lists the commands, in this order; the README has the same."""

from cyclopts import Group

RUN = Group.create_ordered("Run a sweep")
RESULTS = Group.create_ordered("Look at results")
TRIAL = Group.create_ordered("One trial")
WRITE = Group.create_ordered("Write sweeps, and files of your own")
STORE = Group.create_ordered("The store")
MACHINE = Group.create_ordered("This machine")
OTHER = Group.create_ordered("Other")
