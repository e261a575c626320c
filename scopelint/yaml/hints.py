"""What to do about the YAML faults that people make most, by what the parser says of them."""

_HINTS = (
    ("'\\t'", "indent with spaces, never with tabs"),
    ("mapping values are not allowed", 'text that holds ": " needs quotes'),
    ("expected alphabetic or numeric character", 'text that starts with * or & needs quotes: "**"'),
    ("cannot start any token", "text that starts with this character needs quotes"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("expected <block end>", "check the indentation: keys of one mapping start in one column"),
    ("expected ',' or", "a bracket or a comma is missing before this place"),
    ("while scanning a quoted scalar", "the closing quote is missing"),
    ("unexpected end of stream", "the closing quote is missing"),
    ("unknown escape character", "use single quotes where a backslash is meant as itself"),
    ("undefined tag handle", "remove the tag; text that starts with ! needs quotes"),
    ("expected the node content", "a value is missing, or a bracket closes too early"),
    ("incompatible YAML document", "remove the %YAML line"),
)


def hint_for(message: str, rest: str) -> str:
    """Return a hint for the parser's `message`; `rest` is the line from the fault on."""
    if rest.startswith("\t"):
        return _HINTS[0][1]
    return next((hint for part, hint in _HINTS if part in message), "")
