"""Payments with a life: asks the processor, asks again, looks for what never came, follows automatic rules.

THEORY. Everything that must not be lost is in the store before anybody is asked (`metering.payments`). What
is kept here is only when to try next; a restart forgets it and loses nothing, for unfinished orders and
refunds are found in the store. An order is *pursued* by one task at a time: it asks with the stored request
and key, a few times in a row; whoever waits for it waits for a while only, and a page sees it settle.

    asked and silent       ask again, the same, ever more rarely; look whether it happened after all
    silent for too long    give it up: nothing was charged; should money come all the same, it is credited
    open, action           look now and then, in case the webhook was lost; let go of an old confirmation
    processing             look
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from metering.errors import LedgerUnavailable, Refused
from metering.payment_news import Applied
from metering.payment_store import PaymentStore
from metering.payments import (
    FINAL,
    CheckoutNews,
    Kind,
    News,
    Order,
    Payer,
    PaymentProcessor,
    ProcessorError,
    ProcessorRefused,
    ProcessorSilent,
    Refund,
    Wish,
    undone_refund,
)
from server import logs
from server.errors import Problem
from signaling.clock import Clock, iso
from signaling.supervisor import Supervisor

NOT_LET_IN = frozenset({"authentication", "permission"})
"""The processor does not know us (any more): the operator will mend the key."""
_log = logs.logger("talktime.payments")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what."""

    round_ms: int = 1_000
    answer_ms: int = 8_000
    """For a processor's answer, while a person looks at a page."""
    look_ms: int = 1_500
    """A page that asks more often than that is told what is known."""
    first_ms: int = 2_000
    most_ms: int = 900_000
    tries: int = 3
    """In a row, `pause_ms` apart and doubling."""
    pause_ms: int = 300
    give_up_ms: int = 600_000
    confirm_ms: int = 3_600_000
    key_ms: int = 20 * 3_600_000
    """Processors remember an idempotency key for a day."""
    sweep_ms: int = 6 * 3_600_000
    sweep_back_s: int = 3 * 24 * 3_600
    at_once: int = 32


class Payments:
    """See the module. One a process; `run` is its life."""

    def __init__(
        self, store: PaymentStore, processor: PaymentProcessor, clock: Clock, supervisor: Supervisor,
        public_url: Callable[[], str], money_came: Callable[[str], None], patience: Patience | None = None,
    ) -> None:  # fmt: skip
        self.store, self.processor = store, processor
        self._clock, self._supervisor = clock, supervisor
        self._public_url, self._money_came = public_url, money_came
        self.patience = patience or Patience()
        self._pursuits: dict[str, asyncio.Task[None]] = {}
        self._later: dict[str, tuple[int, int]] = {}
        """Order or refund → (when to look at it again, how often that was done)."""
        self._looked: dict[str, int] = {}
        """Order → when somebody's page had it looked at; of the last moment only."""
        self._capped: dict[str, str] = {}
        """Wallet → the month whose cap its rule has reached."""

    def now_at(self) -> str:
        """The present moment as it is written in records."""
        return iso(self._clock.wall())

    # -- what people ask for ---------------------------------------------------------------------------------

    async def top_up(
        self, wallet_id: str, order_id: str, amount_minor: int, currency: str, how: Kind, back: str
    ) -> Order:
        """Open an order and wait a while for the processor's answer.

        Raises `Problem` payment.no_card, payment.unanswered, payment.refused, topup.currency, and `IdReused`.
        """
        if not self.processor.takes(currency):
            raise Problem("topup.currency", f"{currency} cannot be paid in here.")
        known = await self.store.order(order_id)
        if known is None:
            payer = await self._payer(wallet_id)
            if how != "checkout" and payer.card is None:
                raise Problem("payment.no_card")
            known = self._new_order(payer, order_id, amount_minor, currency, how, back)
        opened = await self.store.open_order(
            replace(known, amount_minor=amount_minor, currency=currency, kind=how)
        )
        if isinstance(opened, Refused):
            raise Problem(opened.code)
        return await self._patiently(opened) if opened.state == "asked" else opened

    async def refreshed(self, order: Order) -> Order:
        """An order as the processor sees it now: for the page that a person came back to."""
        if order.state in FINAL:
            return order
        now_ms = self._clock.now_ms()
        if now_ms - self._looked.get(order.id, -self.patience.look_ms) < self.patience.look_ms:
            # Pages ask often; the processor limits how often it is asked.
            return order
        self._looked[order.id] = now_ms
        self._later.pop(order.id, None)
        return await self._patiently(order)

    async def confirm(self, order: Order, back: str) -> Order:
        """The person is there: the order with the address of the bank's page. Raises `Problem`."""
        if order.state != "action":
            return order
        key = f"{order.key}:confirm:{secrets.token_hex(4)}"
        try:
            await self.learn(await self.processor.confirm(order, self._returning(order.id, back), key))
        except ProcessorError as error:
            raise _problem(error) from None
        return await self._stored(order)

    async def cancel(self, order: Order) -> Order:
        """Let go of an order that waits for the person. Raises `Problem`."""
        if order.state not in {"open", "action"}:
            return order
        try:
            await self.learn(await self.processor.cancel(order))
        except ProcessorError as error:
            raise _problem(error) from None
        return await self._stored(order)

    async def forget_card(self, wallet_id: str) -> None:
        """Keep the card no longer, neither here nor there. Raises `Problem`."""
        payer = await self.store.payer(wallet_id)
        if payer is None or payer.card is None:
            return
        await self.store.forget_card(wallet_id, self.now_at())
        try:
            await self.processor.forget_card(payer.card.method_id)
        except ProcessorError as error:
            _log.warning("the card stays at the processor", wallet=wallet_id, error=str(error))

    async def give_back(
        self, refund_id: str, order: Order, amount_minor: int, actor: str, reason: str
    ) -> Refund:
        """Refund a part of a payment. Raises `Problem` payment.unknown, refund.too_much; `IdReused`."""
        request = self.processor.refund_request(refund_id, order.intent_id, amount_minor)
        wish = Refund(
            refund_id, order.intent_id, order.wallet_id, amount_minor, order.currency,
            f"talktime:refund:{refund_id}", request, self.now_at(),
        )  # fmt: skip
        opened = await self.store.open_refund(wish, actor, reason)
        if isinstance(opened, Refused):
            raise Problem(opened.code)
        if opened.state == "asked":
            await self._wait_for(self._pursuit(opened.id, partial(self._pursue_refund, opened)))
        return await self.store.refund(refund_id) or opened

    # -- what the processor says -----------------------------------------------------------------------------

    async def learn(self, news: list[News]) -> None:
        """Apply news that were asked for."""
        for applied in await self.store.learn(news, self.now_at()):
            self._heard(applied)

    async def receive(self, raw: bytes, signature: str) -> bool:
        """A webhook. False when it came before. Raises `BadSignature`; `LedgerUnavailable`: not stored."""
        event = self.processor.read_event(raw, signature)
        applied = await self.store.receive(event, self.now_at())
        _log.info("event", event_id=event.id, type=event.type, fresh=applied is not None)
        if applied is None:
            return False
        self._heard(applied)
        if isinstance(event.news, CheckoutNews) and event.news.state == "complete" and applied.order_id:
            # The page is done; what was paid is told by the payment itself, which may be asked for at once.
            self._later[applied.order_id] = (self._clock.now_ms(), 0)
        return True

    def _heard(self, applied: Applied) -> None:
        if applied.credited_minor:
            _log.info("money came", wallet=applied.wallet_id, amount_minor=applied.credited_minor)
            self._money_came(applied.wallet_id)

    # -- life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: pursue what is unfinished, follow rules, look for what never came."""
        sweep_ms = self._clock.now_ms()
        try:
            while True:
                try:
                    if self._clock.now_ms() >= sweep_ms:
                        sweep_ms = self._clock.now_ms() + self.patience.sweep_ms
                        self._pursuit("sweep", self.sweep)
                    await self.round()
                except LedgerUnavailable as error:
                    _log.warning("payments wait for the ledger", error=str(error))
                await self._clock.sleep(self.patience.round_ms / 1000)
        finally:
            await self.processor.close()

    async def round(self) -> None:
        """One look at everything that is unfinished or due."""
        now_ms = self._clock.now_ms()
        waiting: set[str] = set()
        for order in await self.store.unfinished():
            waiting.add(order.id)
            if self._is_due(order.id, now_ms):
                self._pursuit(order.id, partial(self._pursue, order))
        for refund in await self.store.unfinished_refunds():
            waiting.add(refund.id)
            if self._is_due(refund.id, now_ms):
                self._pursuit(refund.id, partial(self._pursue_refund, refund))
        for payer in await self.store.nameless_cards():
            name = f"card:{payer.wallet_id}"
            waiting.add(name)
            if self._is_due(name, now_ms):
                self._pursuit(name, partial(self._name_card, payer))
        for rule, payer in await self.store.auto_due():
            if self._capped.get(rule.wallet_id) != self.now_at()[:7]:
                await self._follow(rule.wallet_id, rule.amount_minor, payer)
        self._later = {name: later for name, later in self._later.items() if name in waiting}
        self._looked = {name: at for name, at in self._looked.items() if now_ms - at < self.patience.look_ms}

    def _is_due(self, name: str, now_ms: int) -> bool:
        """Whether to try now; what is seen for the first time has a moment, for somebody may be at it."""
        due_ms, times = self._later.setdefault(name, (now_ms + self.patience.first_ms, 0))
        if now_ms < due_ms or name in self._pursuits or len(self._pursuits) >= self.patience.at_once:
            return False
        wait_ms = min(self.patience.most_ms, self.patience.first_ms * 2 ** min(times + 1, 20))
        self._later[name] = (now_ms + wait_ms, times + 1)
        return True

    async def _follow(self, wallet_id: str, amount_minor: int, payer: Payer) -> None:
        """Open the order that a rule asks for; the store refuses a second one and what is over the cap."""
        balance = await self.store.currency(wallet_id)
        order_id = f"{wallet_id}:auto-{secrets.token_hex(8)}"
        opened = await self.store.open_order(
            self._new_order(payer, order_id, amount_minor, balance, "auto", "/wallet")
        )
        if isinstance(opened, Refused):
            if opened.code == "payment.cap":
                self._capped[wallet_id] = self.now_at()[:7]
            return
        _log.info("automatic top-up", wallet=wallet_id, amount_minor=amount_minor)
        self._pursuit(order_id, partial(self._pursue, opened))

    def rule_changed(self, wallet_id: str) -> None:
        """The owner set the rule anew: what was decided by the old one is forgotten."""
        self._capped.pop(wallet_id, None)

    async def sweep(self) -> None:
        """Ask what happened in the last days, and apply what never came."""
        since_s = int(self._clock.wall().timestamp()) - self.patience.sweep_back_s
        try:
            some: list[News] = []
            async for news in self.processor.happened(since_s):
                some.append(news)
                if len(some) >= 100:
                    await self.learn(some)
                    some = []
            await self.learn(some)
        except ProcessorError as error:
            _log.warning("could not compare with the processor; the next time", error=str(error))

    # -- pursuing --------------------------------------------------------------------------------------------

    async def _patiently(self, order: Order) -> Order:
        await self._wait_for(self._pursuit(order.id, partial(self._pursue, order)))
        return await self._stored(order)

    async def _wait_for(self, task: asyncio.Task[None]) -> None:
        await asyncio.wait({task}, timeout=self.patience.answer_ms / 1000)

    def _pursuit(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """The task that is at it, or a new one."""
        task = self._pursuits.get(name)
        if task is None:
            task = self._supervisor.spawn(f"payment:{name}", work())
            self._pursuits[name] = task
            task.add_done_callback(lambda _: self._pursuits.pop(name, None))
        return task

    async def _pursue(self, order: Order) -> None:
        """Find out what becomes of an order. Ends without an exception, whatever the processor does."""
        try:
            if order.state != "asked":
                await self._look(order)
            elif not await self._ask(order):
                await self._look_for_the_silent(order)
        except LedgerUnavailable as error:
            _log.warning("payments wait for the ledger", order=order.id, error=str(error))

    async def _ask(self, order: Order) -> bool:
        """Whether there was an answer. Repeated with the stored request and key."""
        if self._age_ms(order) > self.patience.give_up_ms:
            # The key may be forgotten by now: asking again could be a second payment.
            return False
        for attempt in range(self.patience.tries):
            if attempt:
                await self._clock.sleep(self.patience.pause_ms * 2 ** (attempt - 1) / 1000)
            try:
                await self.learn(await self.processor.ask(order))
            except ProcessorSilent as silent:
                _log.warning("no answer of the processor", order=order.id, error=str(silent))
            except ProcessorRefused as refused:
                _log.error("the processor refuses", order=order.id, code=refused.code, error=str(refused))
                await self.store.give_up(order.id, refused.code, self.now_at())
                return True
            else:
                return True
        return False

    async def _look_for_the_silent(self, order: Order) -> None:
        """Asking brought no answer: perhaps it happened all the same."""
        try:
            news = await self.processor.look(order, await self.store.payer(order.wallet_id))
        except ProcessorError as error:
            _log.warning("the processor cannot be asked what happened", order=order.id, error=str(error))
            return
        if news:
            await self.learn(news)
        elif self._age_ms(order) > self.patience.give_up_ms:
            _log.error("an order was never answered; given up", order=order.id)
            await self.store.give_up(order.id, "no_answer", self.now_at())

    async def _look(self, order: Order) -> None:
        old = order.state == "action" and self._age_ms(order) > self.patience.confirm_ms
        try:
            payer = await self.store.payer(order.wallet_id)
            news = await (self.processor.cancel(order) if old else self.processor.look(order, payer))
        except ProcessorError as error:
            _log.warning("the processor cannot be asked what happened", order=order.id, error=str(error))
        else:
            await self.learn(news)

    async def _pursue_refund(self, refund: Refund) -> None:
        if self._age_ms(refund) > self.patience.key_ms:
            # Its key may be forgotten: asking again could give back twice. It is there, or never will be.
            await self._look_for_refund(refund)
            return
        for attempt in range(self.patience.tries):
            if attempt:
                await self._clock.sleep(self.patience.pause_ms * 2 ** (attempt - 1) / 1000)
            try:
                await self.learn(await self.processor.refund(refund))
            except ProcessorSilent as silent:
                _log.warning("no answer of the processor", refund=refund.id, error=str(silent))
            except ProcessorRefused as refused:
                _log.error("the processor refuses", refund=refund.id, code=refused.code, error=str(refused))
                if refused.code in NOT_LET_IN:
                    # Says nothing of this refund: it may be done since an earlier try without an answer.
                    return
                await self.learn([undone_refund(refund, refused.code)])
                return
            except LedgerUnavailable as error:
                _log.warning("payments wait for the ledger", refund=refund.id, error=str(error))
            else:
                return

    async def _look_for_refund(self, refund: Refund) -> None:
        try:
            news = await self.processor.look_refund(refund)
            await self.learn(news or [undone_refund(refund, "no_answer")])
        except (ProcessorError, LedgerUnavailable) as error:
            _log.warning("nobody can say what became of it", refund=refund.id, error=str(error))

    async def _name_card(self, payer: Payer) -> None:
        if payer.card is None:
            return
        try:
            await self.store.name_card(payer.wallet_id, await self.processor.card(payer.card.method_id))
        except (ProcessorError, LedgerUnavailable) as error:
            _log.warning("a kept card has no name yet", wallet=payer.wallet_id, error=str(error))

    # -- ingredients -----------------------------------------------------------------------------------------

    async def _payer(self, wallet_id: str) -> Payer:
        payer = await self.store.payer(wallet_id)
        if payer is None:
            try:
                customer_id = await self.processor.make_payer(wallet_id)
            except ProcessorError as error:
                raise _problem(error) from None
            payer = await self.store.add_payer(wallet_id, customer_id)
        return payer

    def _new_order(
        self, payer: Payer, order_id: str, amount_minor: int, currency: str, how: Kind, back: str
    ) -> Order:
        method_id = payer.card.method_id if payer.card is not None else ""
        wish = Wish(
            order_id, payer.wallet_id, how, amount_minor, currency, payer.customer_id, method_id,
            self._returning(order_id, back), f"{self._public_url()}{back}",
        )  # fmt: skip
        return Order(
            order_id, payer.wallet_id, how, amount_minor, currency, f"talktime:{order_id}",
            self.processor.order_request(wish), self.now_at(),
            method_id=method_id if how != "checkout" else "",
        )  # fmt: skip

    def _returning(self, order_id: str, back: str) -> str:
        """Where the processor sends the person afterwards: their page, with the payment to look at."""
        mark = "&" if "?" in back else "?"
        return f"{self._public_url()}{back}{mark}payment={order_id.rpartition(':')[2]}"

    async def _stored(self, order: Order) -> Order:
        return await self.store.order(order.id) or order

    def _age_ms(self, order: Order | Refund) -> int:
        created = datetime.fromisoformat(order.created_at)
        return int((self._clock.wall() - created).total_seconds() * 1000)


def _problem(error: ProcessorError) -> Problem:
    if isinstance(error, ProcessorRefused):
        _log.error("the processor refuses", code=error.code, error=str(error))
        return Problem("payment.refused", error.code)
    return Problem("payment.unanswered", retry_after_s=2)
