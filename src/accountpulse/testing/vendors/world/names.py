"""The words the fictional companies and people are made of."""

from __future__ import annotations

COMPANY_FIRST = (
    "Bramble", "Cinder", "Dovetail", "Ember", "Fathom", "Gable", "Harrow", "Inkwell", "Juniper", "Kestrel", "Larkspur",
    "Meridian", "Nimbus", "Osprey", "Pinecrest", "Quarry", "Ripple", "Saffron", "Thistle", "Umber", "Vesper", "Willow",
    "Yarrow", "Zephyr", "Aster", "Beacon", "Copper", "Driftwood", "Elmwood", "Foxglove", "Granite", "Hollow", "Ivory",
    "Jasper", "Kindle", "Lantern", "Marble", "Nettle", "Orchard", "Pebble",
)  # fmt: skip
COMPANY_SECOND = (
    "wick", "ford", "gate", "field", "stone", "mark", "bridge", "point", "haven", "forge", "line", "loop", "crest",
    "works", "peak", "shore", "bay", "path", "grove", "wave",
)  # fmt: skip
INDUSTRIES = {
    "Software": ("Systems", "Software", "Cloud"),
    "Healthcare": ("Health", "Care", "Clinics"),
    "Manufacturing": ("Manufacturing", "Industries", "Robotics"),
    "Retail": ("Retail", "Outfitters", "Foods"),
    "Financial Services": ("Capital", "Insurance", "Payments"),
    "Logistics": ("Logistics", "Freight", "Shipping"),
    "Education": ("Learning", "Academy", "Schools"),
    "Media": ("Media", "Studios", "Publishing"),
}
FIRST_NAMES = (
    "Ada", "Bilal", "Chiara", "Dmitri", "Elena", "Farah", "Gustav", "Hana", "Ines", "Jonas", "Keiko", "Liam", "Mona",
    "Niklas", "Olga", "Priya", "Quentin", "Rosa", "Samir", "Tara", "Ulrich", "Vera", "Wanda", "Ximena", "Yusuf", "Zoe",
    "Amara", "Bruno", "Celine", "Diego", "Edith", "Felix", "Greta", "Hugo", "Iris", "Jamal", "Karin", "Leo", "Mei",
    "Noor",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Bishop", "Castro", "Dunn", "Ekström", "Fischer", "Grant", "Haddad", "Ito", "Jensen", "Kaur", "Lopez",
    "Moreau", "Nowak", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Walsh", "Xu",
    "Yilmaz", "Zimmer", "Andersson", "Baptiste", "Cohen", "Dubois", "Eriksen", "Farouk", "Gupta", "Hansen", "Ibrahim",
    "Jordan", "Kowalski", "Lindqvist", "Mbeki", "Novak",
)  # fmt: skip
TITLES = (
    "Head of Operations", "IT Manager", "VP Customer Experience", "Data Analyst", "Chief Operating Officer",
    "Product Manager", "Operations Analyst", "Team Lead", "Director of Finance", "Systems Administrator",
)  # fmt: skip
CSMS = (
    ("Maya", "Lindgren"), ("Tom", "Barnes"), ("Aisha", "Rahman"), ("Carlos", "Mendez"), ("Julia", "Werner"),
    ("Peter", "Novotny"), ("Grace", "Adeyemi"), ("Ken", "Watanabe"),
)  # fmt: skip
AGENTS = (("Robin", "Hale"), ("Sasha", "Petit"), ("Devon", "Clarke"), ("Imani", "Brooks"), ("Lars", "Holm"))
COUNTRIES = {
    "NA": (("US", "com"), ("US", "io"), ("CA", "ca"), ("US", "com")),
    "EMEA": (("GB", "co.uk"), ("DE", "de"), ("FR", "fr"), ("NL", "nl"), ("SE", "se")),
    "APAC": (("AU", "com.au"), ("JP", "co.jp"), ("SG", "com"), ("NZ", "co.nz")),
}
FREE_MAIL = ("gmail.com", "outlook.com", "yahoo.com", "hotmail.com")
