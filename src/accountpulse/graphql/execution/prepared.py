"""Documents that were read: parsed, measured and validated once, and kept by their text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from strawberry.extensions import SchemaExtension

from accountpulse.graphql.documents import MAX_CHARACTERS, MAX_TOKENS, check
from accountpulse.graphql.execution.internals import VALIDATION_RULES
from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate

MOST_CHARACTERS = 300_000
"""Of all documents that are kept. A document is about an object for each: looking for garbage among them must stay short."""
SHORT = 1_000
"""Characters of a document that is kept though it is refused."""
MOST_ERRORS = 10
"""Told of one document."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document. errors: why it can't be executed, and then nothing else is there. facts: what else is worked out once."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: tuple[OperationDefinitionNode, ...] = ()
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    facts: dict[Hashable, Any] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation that is meant; None where the name fits none, or none is named and there are several."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((each for each in self.operations if each.name is not None and each.name.value == name), None)


class Documents:
    """The documents used last. Only `read` may be called in another thread than the event loop's."""

    def __init__(self, schema: GraphQLSchema, most: int = MOST_CHARACTERS) -> None:
        self._schema, self._most = schema, most
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._aside = anyio.CapacityLimiter(1)

    def prepare(self, text: str) -> Prepared:
        """The document of a text."""
        return self.known(text) or self.keep(text, self.read(text))

    async def prepare_aside(self, text: str) -> Prepared:
        """The same; a text that is new is read in a thread, so that nobody else has to wait for it."""
        return self.known(text) or self.keep(text, await anyio.to_thread.run_sync(self.read, text, limiter=self._aside))

    def known(self, text: str) -> Prepared | None:
        """The document of a text that was read before."""
        prepared = self._prepared.get(text)
        if prepared is not None:
            self._prepared.move_to_end(text)
        return prepared

    def keep(self, text: str, prepared: Prepared) -> Prepared:
        """Note a document that was read, unless it is long and refused: that must not push out what is asked every day."""
        if text not in self._prepared and len(text) <= (SHORT if prepared.errors else MAX_CHARACTERS):
            self._prepared[text] = prepared
            self._characters += len(text)
            while self._characters > self._most:
                self._characters -= len(self._prepared.popitem(last=False)[0])
        return prepared

    def read(self, text: str) -> Prepared:
        """Parse, measure and validate a text."""
        if len(text) > MAX_CHARACTERS:
            return _refused([GraphQLError(f"the document is longer than {MAX_CHARACTERS:,} characters")])
        try:
            document = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            return _refused([error])
        except RecursionError:
            return _refused([GraphQLError("the document is nested too deep to be read")])
        operations = tuple(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        try:
            # Before validation, which takes time with the square of a document's size.
            check(document)
            errors = validate(self._schema, document, VALIDATION_RULES, MOST_ERRORS, hide_suggestions=True)
        except GraphQLError as error:
            errors = [error]
        except RecursionError:
            errors = [GraphQLError("the document is nested too deep to be checked")]
        return _refused(errors) if errors else Prepared(document, (), operations, fragments)


def _refused(errors: Iterable[GraphQLError]) -> Prepared:
    # A node holds on to its whole document, and so do errors that name one, and their tracebacks.
    found = tuple(errors)
    for error in found:
        held: BaseException | None = error
        while isinstance(held, GraphQLError):
            held.nodes, held.__context__ = None, None
            held.__traceback__ = None
            held = held.original_error
    return Prepared(None, found)


class FromPrepared(SchemaExtension):
    """Gives Strawberry's own execution, that of subscriptions, the documents that were read, and spends what they cost."""

    def on_parse(self):  # type: ignore[no-untyped-def]  # Strawberry's signature
        context = self.execution_context
        prepared = self._prepared()
        if prepared.document is None:
            raise prepared.errors[0]
        context.graphql_document = prepared.document
        yield

    def on_validate(self):  # type: ignore[no-untyped-def]  # Strawberry's signature
        context, prepared = self.execution_context, self._prepared()
        errors = list(prepared.errors)
        operation = prepared.operation(context.operation_name)
        if not errors and operation is not None:
            schema: Any = context.schema
            refusal = context.context.allowance.refusal(schema.costs.of(prepared, operation, context.variables or {}))
            errors += schema.arguments.refusals(prepared, operation, context.variables or {}) if refusal is None else [refusal]
        context.pre_execution_errors = errors
        yield

    def _prepared(self) -> Prepared:
        schema: Any = self.execution_context.schema  # our own
        found: Prepared = schema.documents.prepare(self.execution_context.query or "")
        return found
