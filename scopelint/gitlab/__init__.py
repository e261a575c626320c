"""The client of one GitLab: what is sent, how often, and what an answer means.

- `address`, `targets`, `origin`, `credentials`: where GitLab is, what is named there, and which
  token may go to it. They send nothing and import no HTTP library, so offline commands may use them.
- `connection`: the one HTTP session, for REST (python-gitlab) and GraphQL.
- `retry`, `rate_limit`: what happens on a 429, a 5xx or a broken connection; one table for both APIs.
- `graphql`, `queries`, `capabilities`: GraphQL queries, built for the fields that the instance has.
- `answers`, `ask`: what an answer, a refusal or a failure means for the run.
- `values`: JSON within bounds, and its fields, each of its documented type or not read.
- `write`: the only code that changes anything in GitLab.

What an answer says of projects and groups is read in `scopelint.collect`. It may import `errors`,
`model`, `text` and `versions`. Import its modules: this file imports none of them, so that an address
costs no HTTP library.
"""
