"""The countries as the publishers name them, to the two-letter codes of ISO 3166-1.

Promises: a name that is not in the table has no code; nothing is guessed from a city or a part of a name. "UK" and
"XK" are what the lists write for the United Kingdom and Kosovo. Not for deciding what rule applies where.
"""

from __future__ import annotations

_ISO_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
ISO_CODES = frozenset(_ISO_CODES.split())

_NAMES_BY_CODE = """
AE United Arab Emirates | AF Afghanistan | AG Antigua and Barbuda | AL Albania | AM Armenia | AO Angola | AR Argentina
AT Austria | AU Australia | AW Aruba | AZ Azerbaijan | BA Bosnia and Herzegovina | BB Barbados | BD Bangladesh
BE Belgium | BF Burkina Faso | BG Bulgaria | BH Bahrain | BI Burundi | BJ Benin | BM Bermuda | BN Brunei | BO Bolivia
BR Brazil | BS Bahamas, The | BS Bahamas | BW Botswana | BY Belarus | BZ Belize | CA Canada
CD Congo, Democratic Republic of the | CF Central African Republic | CG Congo, Republic of the | CH Switzerland
CI Cote d Ivoire | CI Cote d'Ivoire | CL Chile | CM Cameroon | CN China | CN PRC | CO Colombia | CR Costa Rica | CU Cuba
CV Cape Verde | CY Cyprus | CZ Czech Republic | CZ Czechia | DE Germany | DJ Djibouti | DK Denmark | DM Dominica
DO Dominican Republic | DZ Algeria | EC Ecuador | EE Estonia | EG Egypt | ER Eritrea | ES Spain | ET Ethiopia
FI Finland | FR France | GA Gabon | GB United Kingdom | GD Grenada | GE Georgia | GG Guernsey | GH Ghana
GI Gibraltar | GM The Gambia | GM Gambia, The | GN Guinea | GQ Equatorial Guinea | GR Greece | GT Guatemala | GY Guyana
HK Hong Kong | HN Honduras | HR Croatia | HT Haiti | HU Hungary | ID Indonesia | IE Ireland | IL Israel
IM Man, Isle of | IM Isle of Man | IN India | IQ Iraq | IR Iran | IS Iceland | IT Italy | JE Jersey | JM Jamaica
JO Jordan | JP Japan | KE Kenya | KG Kyrgyzstan | KH Cambodia | KM Comoros | KN Saint Kitts and Nevis
KP Korea, North | KP North Korea | KR Korea, South | KR South Korea | KW Kuwait | KY Cayman Islands | KZ Kazakhstan
LA Laos | LB Lebanon | LC Saint Lucia | LI Liechtenstein | LK Sri Lanka | LR Liberia | LS Lesotho | LT Lithuania
LU Luxembourg | LV Latvia | LY Libya | MA Morocco | MC Monaco | MD Moldova | ME Montenegro | MG Madagascar
MH Marshall Islands | MK North Macedonia, The Republic of | MK North Macedonia | ML Mali | MM Burma | MM Myanmar
MN Mongolia | MO Macau | MR Mauritania | MT Malta | MU Mauritius | MV Maldives | MW Malawi | MX Mexico | MY Malaysia
MZ Mozambique | NA Namibia | NE Niger | NG Nigeria | NI Nicaragua | NL Netherlands | NO Norway | NP Nepal
NZ New Zealand | OM Oman | PA Panama | PE Peru | PG Papua New Guinea | PH Philippines | PK Pakistan | PL Poland
PS Palestinian | PS West Bank | PS Region: Gaza | PS Region: West Bank | PS Region: Northern Gaza
PS Region: North Gaza | PT Portugal | PW Palau | PY Paraguay | QA Qatar | RO Romania | RS Serbia | RU Russia
RW Rwanda | SA Saudi Arabia | SC Seychelles | SD Sudan | SE Sweden | SG Singapore | SI Slovenia | SK Slovakia
SL Sierra Leone | SM San Marino | SN Senegal | SO Somalia | SR Suriname | SS South Sudan | ST Sao Tome and Principe
SV El Salvador | SY Syria | TD Chad | TG Togo | TH Thailand | TJ Tajikistan | TM Turkmenistan | TN Tunisia
TO Tonga | TR Turkey | TR Turkiye | TR Türkiye | TT Trinidad and Tobago | TW Taiwan | TZ Tanzania | UA Ukraine
UA Crimea Region of Ukraine | UA Region: Crimea | UG Uganda | US United States | UY Uruguay | UZ Uzbekistan
VC Saint Vincent and the Grenadines | VE Venezuela | VG Virgin Islands, British | VN Vietnam | VU Vanuatu | WS Samoa
XK Kosovo | YE Yemen | ZA South Africa | ZM Zambia | ZW Zimbabwe
"""

_CODES_BY_NAME = {
    entry[3:].casefold(): entry[:2] for line in _NAMES_BY_CODE.split("\n") for entry in line.split(" | ") if entry
}
_ALSO_US_PLACES = frozenset({"georgia", "jersey"})
"""Names that may be a state or a town where they end an address; in a column of countries they are countries."""


def code_of(country: str) -> str | None:
    """Return the code for a code or a country's name as published, or None."""
    text = country.strip().rstrip(",.").strip()
    if text == "UK":
        return "GB"
    if text in ISO_CODES:
        return text
    return _CODES_BY_NAME.get(text.casefold())


def codes_by_name() -> dict[str, str]:
    """The codes by names in capitals, with the other codes that some write."""
    return {name.upper(): code for name, code in _CODES_BY_NAME.items()} | {"UK": "GB"}


def code_in_address(address: str) -> str | None:
    """Return the code of the country that ends an address ("..., Moscow, 115035, RU"), or None."""
    parts = [part.strip() for part in address.rstrip(" ,.").rsplit(",", 2)]
    if parts[-1].casefold() in _ALSO_US_PLACES:
        return None
    return code_of(parts[-1]) or code_of(", ".join(parts[-2:]))  # "Korea, North"


def codes_in(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of all addresses, each once, in order."""
    return tuple(dict.fromkeys(code for address in addresses if (code := code_in_address(address))))
