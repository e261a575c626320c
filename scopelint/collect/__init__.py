"""Reading GitLab: from targets to a snapshot, and single projects afresh.

- `collection.collect`: one collection, from a `request.CollectRequest` into a snapshot file.
- `diagnose.diagnose`: what this instance and token can show, tried on a sample.
- `current_state.CurrentState`: one project as GitLab shows it now, for `apply` and `undo`.

Inside: `reader` is what both APIs answer, `graphql_reader` and `rest_reader` ask, `graphql_decoding`,
`rest_decoding` and `identity` make the model of the answers, `graphql_pages` and `rest_pages` turn
pages; `run`, `enumeration`, `batches`,
`targets_outside` and `enforcement` are the steps of a collection.

It may import the client (`scopelint.gitlab`), the snapshot and the model; no rule, report or config.
Import its modules: this file imports none of them, so that offline commands start quickly.
"""
