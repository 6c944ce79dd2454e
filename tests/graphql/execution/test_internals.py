"""What compiled completion relies on inside of Strawberry and graphql-core: read again when a new version changes it."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from accountpulse.graphql.execution import executor, internals
from accountpulse.graphql.execution.internals import PlainExecutor

FINGERPRINTS = {
    "Executor.__init__": "9b630bd4461c",
    "Executor.execute_field": "5281dc836ecc",
    "Executor.execute_fields": "797f54fbd779",
    "Executor.complete_value": "06c34f7681a1",
    "Executor.complete_list_value": "3ee91ce2f0fa",
    "Executor.complete_iterable_value": "bdb49d2d91f1",
    "Executor.complete_list_item_value": "8883b4d65a1a",
    "Executor.complete_leaf_value": "a8c54d5838ad",
    "Executor.complete_abstract_value": "2d7a23f08a39",
    "Executor.complete_object_value": "55e77f58eca1",
    "Executor.collect_and_execute_subfields": "98432d93fb1b",
    "Executor.collect_subfields": "53924d281ad7",
    "Executor.handle_field_error": "d33a6ee408cd",
    "Executor.settle_in_background": "da2b2c7303b6",
    "CollectedErrors": "0aca2f403281",
    "FieldDetails": "60025c4a9a7f",
    "Path": "cbe5d093ee25",
    "GraphQLScalarType": "8ccb45e5c913",
    "GraphQLSchema.get_field": "dbb4f2fac461",
    "StrawberryGraphQLCoreExecutionContext": "61e417afeaa6",
    "StrawberryField.get_result": "1881f471e729",
    "StrawberryField.is_basic_field": "2788ae121972",
    "CustomGraphQLEnumType.coerce_output_value": "e4a086ff6db8",
    "GraphQLCoreConverter.from_object": "0f7b2e8c97a4",
    "GraphQLCoreConverter.from_resolver": "bcac1354fecd",
    "optimized_is_awaitable": "573992bc92ad",
    "convert_arguments": "c1f343b7611e",
}


def test_the_installed_versions_are_those_that_were_read() -> None:
    found = {name: version(name) for name in internals.VERSIONS}
    assert found == internals.VERSIONS, (
        "a new version: read what test_nothing_that_is_relied_on_has_changed names, run the whole differential test "
        "(pytest tests/graphql/execution), then write the version into internals.VERSIONS"
    )


def test_nothing_that_is_relied_on_has_changed() -> None:
    found = internals.fingerprints()
    changed = sorted(name for name in FINGERPRINTS.keys() | found.keys() if FINGERPRINTS.get(name) != found.get(name))
    assert changed == [], "read these again, mend graphql/execution, and write down the new fingerprints:\n" + "\n".join(
        f'    "{name}": "{found.get(name)}",' for name in changed
    )


def test_another_version_is_executed_plainly(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(internals.VERSIONS, "graphql-core", "3.3.99")
    assert executor.compiled_executor() is PlainExecutor
    assert "without compiling" in caplog.text
