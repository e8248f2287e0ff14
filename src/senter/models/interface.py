"""``ai.senter.Model1``: what others may ask a language model."""

from typing import Annotated, Any

from senter.bus import signatures
from senter.bus.names import PRIMARY
from senter.bus.publish import Interface, method, private_signal, readable, sender
from senter.bus.signatures import U32, U64, Bool, Checks, Double, Options, Str, Strings
from senter.models.request import GenerateOptions
from senter.models.service import ModelService

MessageRows = Annotated[list[dict[str, Any]], "aa{sv}"]
Vectors = Annotated[list[list[float]], "aad"]


class ModelInterface(Interface):
    """A model worker thinks: it answers with the first language model that is there, piece by piece.

    There are two: primary answers people, research works on goals. They differ in what is usual for them.
    """

    def __init__(self, service: ModelService) -> None:
        # both workers have the same interface
        super().__init__(PRIMARY)
        self.service = service

    @method
    async def Complete(self, prompt: Str) -> Str:
        """The answer to one question, when it is complete: primary within two minutes, research within ten.

        For use by hand; busctl waits for 25 seconds unless it has --timeout.
        """
        return await self.service.complete(sender.get(), prompt)

    @method
    async def Generate(self, request_id: Str, messages: MessageRows, options: Options) -> None:
        """Begin to answer a conversation; Delta and Finished tell the caller alone what comes of it.

        request_id is the caller's own, and no other request of the caller that is still worked on has it. Each
        message has role s (system, user or assistant) and content s; with no system message the worker adds its
        own. Options: max_tokens u (0 for what is usual: primary 500, research 2,000), temperature d (0 to 2,
        usually 0.7), json_schema s (a JSON object that the answer has to follow), tools s (a JSON list of what
        the model may call, as the OpenAI protocol has it), deadline_ms u (waiting included; usually primary
        120,000, research 600,000), lane s (interactive: somebody waits; background: gives way to those, and the
        answer comes as a whole), account s (the id of the goal whose budget pays). When the caller leaves the bus,
        its requests are cancelled.
        """
        chosen = signatures.options(GenerateOptions, options)
        await self.service.generate(sender.get(), request_id, messages, chosen)

    @method
    async def Cancel(self, request_id: Str) -> None:
        """Stop working on a request of the caller; for one that is unknown or over nothing happens."""
        await self.service.cancel(sender.get(), request_id)

    @method
    async def Warm(self) -> None:
        """Load the model now, so that the next answer does not wait for that; returns when it is loaded.

        That can take minutes. Where the model is always loaded, or runs elsewhere, nothing happens.
        """
        await self.service.warm()

    @method
    async def Embed(self, texts: Strings) -> Vectors:
        """A vector of numbers for each of 1 to 64 texts; the nearer two vectors, the nearer the meanings."""
        return await self.service.embed(sender.get(), texts)

    @method
    async def Check(self) -> Checks:
        """Which providers of language models are there: what, ok or warn or fail, and how to mend it."""
        return await self.service.check()

    @private_signal
    def Delta(self, request_id: Str, text: Str) -> None:
        """The next part of an answer, to its caller alone, at most twenty times a second."""

    @private_signal
    def Finished(self, request_id: Str, outcome: Str, result: Options) -> None:
        """The end of a request, to its caller alone; outcome is ok, cancelled or error.

        The result has text s (all of it, or what there was until the error), error s, failure s (the name of the
        error), model s, provider s (empty when there is no language model), tokens_in u, tokens_out u,
        first_token_ms d, total_ms d, cut b (the answer was longer than it may be), tool_calls a(ss) (name, and
        arguments as the model wrote them).
        """

    @readable
    def Model(self) -> Str:
        """The name of the model that answers; empty until it is known."""
        return self.service.model

    @readable
    def Provider(self) -> Str:
        """Who runs the model: ollama, embedded or a URL; empty when nobody does."""
        return self.service.provider

    @readable
    def State(self) -> Str:
        """loading (looking for a provider), ready, busy or unavailable."""
        return self.service.state

    @readable
    def Queue(self) -> U32:
        """How many requests wait for their turn."""
        return self.service.chain.gate.waiting

    @readable
    def WaitedFor(self) -> Bool:
        """Whether somebody waits for an answer: an interactive request is being worked on, or waits."""
        return self.service.waited_for

    @readable
    def TokensToday(self) -> U64:
        """How many tokens both workers have used since midnight."""
        return self.service.purse.tokens_today

    @readable
    def MeanLatencyMs(self) -> Double:
        """How long an answer took since the worker started, on average; 0 before the first."""
        return self.service.mean_milliseconds

    @readable
    def Circuit(self) -> Str:
        """open: a provider failed too often and is left alone; half-open: it is tried again; else closed."""
        return self.service.chain.circuit()

    @readable
    def RequestsProcessed(self) -> U64:
        """How many requests have ended since the worker started."""
        return self.service.requests_processed

    def changed(self) -> None:
        """Tell everybody what the properties are now."""
        self.tell_properties(
            *("Model", "Provider", "State", "Queue", "WaitedFor"),
            *("RequestsProcessed", "TokensToday", "MeanLatencyMs", "Circuit"),
        )
