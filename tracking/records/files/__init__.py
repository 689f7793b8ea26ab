"""The files of a store: on a local disk without following links, or in an object store; written whole or not at all."""
