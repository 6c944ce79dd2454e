"""How Spark SQL says what metrics need. Beside the engine, so that its text can be written without Spark."""

from __future__ import annotations

import json
from collections.abc import Sequence

from accountpulse.core.metrics.dialects import Dialect


class Spark(Dialect):
    """Native times in a session whose zone is UTC; lists are bound as JSON, so that the text stays the same.

    In Spark 4 errors of arithmetic are errors (ANSI mode); expressions guard their divisions, and sums their size.
    """

    name = "spark"
    double = "double"
    seeks = False
    # Spark's min_by takes the null of the lowest place, too.
    first = "min_by({value}, {place}) filter (where {value} is not null)"
    median = "median"
    # Every pass is planned, made code of, compiled and shuffled, which takes as long as hundreds of thousands of rows do.
    gathers = True
    last = "max_by({value}, case when {condition} then struct({columns}) end)"
    # Where one aggregate of a pass keeps a collection, all are kept in a map by account. Spark's own `count(distinct)` would
    # instead write every row once more for each, and the largest of texts would sort them all.
    distinct = "cardinality(collect_set({value}))"
    largest_text = "array_max(collect_set({value}))"
    translate_to = "spark"

    def ids(self, ids: Sequence[int]) -> str:
        return json.dumps([int(i) for i in ids])

    def texts(self, values: Sequence[str]) -> str:
        return json.dumps(list(values))

    def among(self, column: str, parameter: str) -> str:
        return f"{column} in (select explode(from_json(:{parameter}, 'array<bigint>')))"  # names of ours

    def among_texts(self, value: str, parameter: str) -> str:
        return f"array_contains(from_json(:{parameter}, 'array<string>'), {value})"

    def instant_number(self, value: str) -> str:
        return f"unix_micros({value})"

    def day_number(self, value: str) -> str:
        return f"unix_date({value})"

    def days(self, begin: str, end: str) -> str:
        return f"(unix_date({end}) - unix_date({begin}))"

    def hours(self, begin: str, end: str) -> str:
        return f"((unix_micros({end}) - unix_micros({begin})) / 3600000000.0)"

    def first_item(self, items: str) -> str:
        return f"get_json_object({items}, '$[0]')"

    def json_by_number(self, number: str, value: str) -> str:
        # As text: values are JSON already, and to_json would quote them once more.
        member = f"""'"' || cast({number} as text) || '":' || {value}"""
        return f"('{{' || array_join(collect_list({member}), ',') || '}}')"
