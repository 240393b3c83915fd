"""What was accepted and could not be settled: seen, mended, replayed, discarded."""

from typing import Final

from msgspec import Struct


class Failures(Struct, frozen=True, kw_only=True):
    """Phrases of the failures."""

    title: str
    lead: str
    empty_title: str
    empty_text: str
    by_cause: str
    group: str
    once: str
    times: str
    newest: str
    all_causes: str
    listed: str
    older: str
    states: dict[str, str]
    places: dict[str, str]
    causes: dict[str, str]
    refused: str
    filter_state: str
    unresolved: str

    one: str
    back: str
    cause: str
    place: str
    reason: str
    order: str
    since: str
    trace: str
    replayed: str
    replayed_by: str
    outcome: str
    replays: str
    body: str
    body_hint: str
    message: str
    message_none: str
    notify: str
    notify_hint: str
    event_notifies: str
    replay: str
    discard: str
    discard_confirm: str
    asked: str
    discarded: str
    wrong: str
    was_mended: str


DUTCH: Final = Failures(
    title="Fouten",
    lead="Dit is aangenomen, maar kon niet worden verwerkt. Er is niets verloren: herstel het en speel het opnieuw af.",
    empty_title="Geen fouten",
    empty_text="Alles wat is aangenomen, is verwerkt.",
    by_cause="Per oorzaak",
    group="{cause} bij {place}",
    once="1 keer",
    times="{count} keer",
    newest="laatst {moment}",
    all_causes="Alle oorzaken",
    listed="Fouten",
    older="Oudere",
    states={"open": "Open", "replaying": "Wordt afgespeeld", "replayed": "Afgespeeld"},
    places={"worker": "het verwerken", "notifier": "het versturen", "notifications": "het plannen van berichten"},
    causes={
        "undecodable": "Onleesbaar bericht",
        "dead_letter": "Kwam te vaak terug",
        "kills_its_worker": "Liet de verwerking stoppen",
        "history_too_long": "Te laat voor een order met te veel geschiedenis",
    },
    refused="De database weigert een waarde",
    filter_state="Toon",
    unresolved="Nog niet opgelost",
    one="Fout",
    back="Alle fouten",
    cause="Oorzaak",
    place="Bij",
    reason="Reden",
    order="Factuur",
    since="Sinds",
    trace="Spoor",
    replayed="Afgespeeld",
    replayed_by="Door",
    outcome="Uitkomst",
    replays="Keer afgespeeld",
    body="De gegevens",
    body_hint="Zo worden ze opnieuw verwerkt. Verbeter wat fout is; ze worden gecontroleerd als bij het insturen.",
    message="Het hele bericht",
    message_none="Dit bericht is niet te lezen. De beheerder kan het met de opdrachtregel bekijken.",
    notify="Ook de klant bericht sturen",
    notify_hint="Anders verandert alleen de factuur en vertrekt er geen bericht.",
    event_notifies="Dit is een gebeurtenis waarover de klant bericht krijgt; afspelen verstuurt dat bericht.",
    replay="Opnieuw afspelen",
    discard="Weggooien",
    discard_confirm="Deze fout voorgoed weggooien? Wat erin staat wordt dan nooit verwerkt.",
    asked="Het wordt opnieuw afgespeeld; dat duurt hooguit enkele seconden.",
    discarded="De fout is weggegooid.",
    wrong="De gegevens kloppen nog niet:",
    was_mended="verbeterd",
)

ENGLISH: Final = Failures(
    title="Failures",
    lead="These were accepted and could not be settled. Nothing is lost: mend them and replay them.",
    empty_title="No failures",
    empty_text="Everything that was accepted has been settled.",
    by_cause="By cause",
    group="{cause} in {place}",
    once="once",
    times="{count} times",
    newest="last {moment}",
    all_causes="All causes",
    listed="Failures",
    older="Older",
    states={"open": "Open", "replaying": "Being replayed", "replayed": "Replayed"},
    places={"worker": "the worker", "notifier": "the notifier", "notifications": "the planning of messages"},
    causes={
        "undecodable": "Unreadable message",
        "dead_letter": "Came back too often",
        "kills_its_worker": "Stopped its workers",
        "history_too_long": "Too late for an order with too much history",
    },
    refused="The database refuses a value",
    filter_state="Show",
    unresolved="Not resolved yet",
    one="Failure",
    back="All failures",
    cause="Cause",
    place="In",
    reason="Reason",
    order="Invoice",
    since="Since",
    trace="Trace",
    replayed="Replayed",
    replayed_by="By",
    outcome="Outcome",
    replays="Times replayed",
    body="The data",
    body_hint="As it will be settled. Mend what is wrong; it is checked as if it were posted.",
    message="The whole message",
    message_none="This message cannot be read. The operator can see it on the command line.",
    notify="Tell the client too",
    notify_hint="Otherwise only the invoice changes, and no message leaves.",
    event_notifies="This is an event of which the client is told; its replay sends that message.",
    replay="Replay",
    discard="Discard",
    discard_confirm="Discard this failure for good? What it holds will never be settled.",
    asked="It is being replayed, which takes a few seconds at most.",
    discarded="The failure has been discarded.",
    wrong="The data are not right yet:",
    was_mended="mended",
)
