"""Reading GitLab: from targets to a snapshot, and single projects afresh.

- `collection.collect`: one collection into a snapshot file; `request.CollectRequest` says of what.
- `diagnose.diagnose`: what this instance and token can show, tried on a sample.
- `current_state.CurrentState`: one project as GitLab shows it now, for `apply` and `undo`.

Inside: `reader` is what both APIs answer, `graphql_reader` and `rest_reader` ask, `graphql_decoding`,
`rest_decoding` and `identity` make the model of the answers, `graphql_pages` and `rest_pages` turn
pages. `run` is one collection; `enumeration`, `user_namespaces`, `batches`, `attributes`,
`targets_outside` and `enforcement` are its steps; `abilities` and `refusals` say what the token can
read and why not.

It may import `errors`, `gitlab` (the client), `limit_change`, `model`, `progress`, `run_identity`, `snapshot`
and `versions`. It knows no rule, no report and no config.
Import its modules: this file imports none of them, so that offline commands start quickly.
"""
