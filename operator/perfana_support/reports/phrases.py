"""What we say of a ticket ourselves, in English and Dutch. The policy's sentences and findings stay as they are written."""

from collections.abc import Callable
from datetime import datetime

# Languages that these phrases are in; for another one English is taken.
LANGUAGES = ("en", "nl")
_WEEKDAYS = (
    ("Monday", "maandag"),
    ("Tuesday", "dinsdag"),
    ("Wednesday", "woensdag"),
    ("Thursday", "donderdag"),
    ("Friday", "vrijdag"),
    ("Saturday", "zaterdag"),
    ("Sunday", "zondag"),
)
PHRASES: dict[str, tuple[str, str]] = {
    # The answer, in a heading and as a sentence.
    "title": ("Perfana support ticket", "Perfana-supportticket"),
    "True": ("possible", "mogelijk"),
    "False": ("not possible", "niet mogelijk"),
    "Unknown": ("cannot be determined", "niet te bepalen"),
    # Grounds; `about` and `words` are what they speak of.
    "AllRulesMet": (
        "the installation is supported and its maintenance is active",
        "de installatie wordt ondersteund en het onderhoud loopt",
    ),
    "NotJudged": (
        "no installation was judged, so nobody knows whether it is supported; give its manifests with -f FILE",
        "er is geen installatie beoordeeld, dus niemand weet of die ondersteund wordt; geef de manifesten met -f FILE",
    ),
    "FactsOutdated": (
        "what was judged is of another month, and what runs now may be something else; take a new bundle",
        "wat beoordeeld is, is van meer dan een maand van nu, en wat nu draait kan iets anders zijn; maak een nieuwe bundel",
    ),
    "NotDeclared": (
        "the plan or the end of its maintenance is not known; state --plan and --maintenance-until",
        "het plan of het einde van het onderhoud is niet bekend; geef --plan en --maintenance-until op",
    ),
    "LanguageNotCovered": ("support is not given in language {about}", "in taal {about} wordt geen support gegeven"),
    "TopicExcluded": ("support does not include {about}", "support omvat {about} niet"),
    "TopicMentioned": (
        'the summary says "{words}", and support does not include {about}',
        'de samenvatting noemt "{words}", en support omvat {about} niet',
    ),
    "TopicMentioned, the way out": (
        "; if the ticket is not about that, say so: --topic {instead}",
        "; gaat het ticket daar niet over, zeg dat dan: --topic {instead}",
    ),
    "UpgradeAssistanceOnly": (
        "end of life is all that is wrong: a ticket may ask for help with the upgrade, and only for that",
        "alleen het einde van de levensduur staat in de weg: een ticket mag om hulp bij de upgrade vragen, en alleen daarom",
    ),
    "TopicNotStated": (
        "end of life leaves tickets about the upgrade alone",
        "na het einde van de levensduur zijn alleen tickets over de upgrade mogelijk",
    ),
    "TopicNotStated, the way out": (
        "; if this is one, say so: --topic {instead}",
        "; is dit er een, zeg dat dan: --topic {instead}",
    ),
    "NotUpgradeAssistance": (
        "end of life leaves tickets about the upgrade alone, and this one is about {about}",
        "na het einde van de levensduur zijn alleen tickets over de upgrade mogelijk, en dit gaat over {about}",
    ),
    # Labels.
    "answer": ("Ticket", "Ticket"),
    "policy_says": ("Policy", "Beleid"),
    "summary": ("Summary", "Samenvatting"),
    "topic": ("Topic", "Onderwerp"),
    "plan": ("Plan", "Plan"),
    "severity": ("Severity", "Ernst"),
    "by_impact": ("By the stated impact", "Naar de opgegeven impact"),
    "impact": ("Stated impact", "Opgegeven impact"),
    "requested": ("Requested", "Aangevraagd"),
    "clock_starts": ("Clock starts", "Klok loopt vanaf"),
    "answer_by": ("First answer by", "Eerste antwoord voor"),
    "phone": ("Phone", "Telefoon"),
    "portal": ("Portal", "Portaal"),
    "excluded": ("Support does not include", "Support omvat niet"),
    "hand_over": ("To hand over", "Mee te sturen"),
    "good_to_know": ("Good to know", "Goed om te weten"),
    "version": ("Version", "Versie"),
    "judged_by": ("Judged by", "Beoordeeld volgens"),
    "findings": ("Findings", "Bevindingen"),
    "no_findings": ("no finding", "geen bevinding"),
    "conditions": ("Conditions", "Condities"),
    "bundle": ("Bundle", "Bundel"),
    # Sentences beside labels.
    "no_plan": ("none stated: --plan", "niet opgegeven: --plan"),
    "until": ("{plan}, maintenance until {day}", "{plan}, onderhoud tot en met {day}"),
    "until_unknown": ("{plan}, end of maintenance not stated", "{plan}, einde van het onderhoud niet opgegeven"),
    "no_severity": ("none stated: --severity", "niet opgegeven: --severity"),
    "taken": ("{name}, {title} (from the stated impact)", "{name}, {title} (uit de opgegeven impact)"),
    "stated": ("{name}, {title}", "{name}, {title}"),
    "fits_other": (
        "{fitting} fits by the policy's definitions, and {stated} is stated",
        "volgens de definities van het beleid past {fitting}, en {stated} is opgegeven",
    ),
    "fits_none": ("no definition of the policy fits what is stated", "geen definitie van het beleid past op wat is opgegeven"),
    "fits_same": ("{fitting} fits by the policy's definitions", "volgens de definities van het beleid past {fitting}"),
    "nearest": ("for {name} this is not stated: {missing}", "voor {name} is dit niet opgegeven: {missing}"),
    "yours": ("{time}, your time", "{time}, uw tijd"),
    "vendors": ("{time}, the vendor's", "{time}, bij de leverancier"),
    "hours": ("{amount} covered hour", "{amount} gedekt uur"),
    "hours_many": ("{amount} covered hours", "{amount} gedekte uren"),
    "business_days": ("{amount} business day", "{amount} werkdag"),
    "business_days_many": ("{amount} business days", "{amount} werkdagen"),
    "target": ("{amount}, plan {plan}, {severity}", "{amount}, plan {plan}, {severity}"),
    "if_possible": ("holds if a ticket turns out to be possible", "geldt als een ticket mogelijk blijkt"),
    "no_target": (
        "the policy states none for plan {plan} and {severity}",
        "het beleid noemt er geen voor plan {plan} en {severity}",
    ),
    "phone_yes": ("yes, plan {plan} has it for {severity}", "ja, plan {plan} heeft dat voor {severity}"),
    "phone_no": ("no, plan {plan} has none for {severity}", "nee, plan {plan} heeft dat niet voor {severity}"),
    "settled": (
        'the summary says "{words}" ({about}); the stated topic says that it is not about that',
        'de samenvatting noemt "{words}" ({about}); volgens het opgegeven onderwerp gaat het daar niet over',
    ),
    "unseen": (
        "what was judged does not show {conditions}: the vendor may ask",
        "wat is beoordeeld laat {conditions} niet zien: de leverancier kan ernaar vragen",
    ),
    "facts_of": ("Facts of", "Gegevens van"),
    "policy_of": ("policy {name} of {day}, as of {as_of} (UTC)", "beleid {name} van {day}, op {as_of} (UTC)"),
    "no_bundle": ("none", "geen"),
    "more": ("… and {count} more; the JSON has all", "… en nog {count}; de JSON heeft ze alle"),
    # Impacts, as somebody states them.
    "ProductionDown": ("production is down", "productie ligt stil"),
    "MajorMalfunction": ("a major malfunction that affects the business", "een ernstige storing die het bedrijf raakt"),
    "SeriousDegradation": (
        "performance or functionality is seriously degraded",
        "prestaties of functies zijn ernstig verminderd",
    ),
    "ManyUsers": ("many users are affected", "veel gebruikers zijn geraakt"),
    "SomeUsers": ("some users are affected", "sommige gebruikers zijn geraakt"),
    "FewUsers": ("few users are affected", "weinig gebruikers zijn geraakt"),
    "ModerateBusinessImpact": ("the impact on the business is moderate", "de impact op het bedrijf is matig"),
    "LimitedBusinessImpact": ("the impact on the business is limited", "de impact op het bedrijf is beperkt"),
    # Asked on a terminal.
    "ask_severity": ("Which severity?", "Welke ernst?"),
    "ask_plan": ("Which plan? ({plans}; empty: not known)", "Welk plan? ({plans}; leeg: onbekend)"),
    "ask_maintenance": (
        "Until when does its maintenance run? (YYYY-MM-DD; empty: not known)",
        "Tot en met wanneer loopt het onderhoud? (JJJJ-MM-DD; leeg: onbekend)",
    ),
    "ask_again": ("{text} is none of these", "{text} is er geen van"),
}

Say = Callable[..., str]


def speaker(language: str) -> Say:
    """A function that says a phrase in a language, with what it speaks of filled in."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0

    def say(phrase: str, **parts: object) -> str:
        # Filled in by hand: what a summary says may hold braces.
        text = PHRASES[phrase][place]
        return text.format(**parts) if parts else text

    return say


def moment(at: datetime, language: str) -> str:
    """An instant with its weekday and offset: Thursday 2026-11-26 15:30 (UTC+01:00)."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    offset = at.strftime("%z")
    return f"{_WEEKDAYS[at.weekday()][place]} {at:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"
