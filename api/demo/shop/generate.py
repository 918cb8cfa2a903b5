#!/usr/bin/env python3
"""Writes the sample store's shop: what Shopify's Admin API (2026-07) would know of Fjellvik Outfitters.

    python3 api/demo/shop/generate.py [DIR]

Standard library only, and seeded: a second run writes the same bytes. Everybody in it is invented; e-mail addresses end in
the reserved `.example`, telephone numbers are of the reserved 555-01xx block, tracking numbers belong to no carrier.

Products come from ../products.csv, pages and policies from ../pages. A world that stands still: it is
2026-11-21T15:00:00Z. Each state of an order is a tag (`state:delivered`), so that a measurement can tell them apart.
"""

import csv
import json
import random
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
DEMO = HERE.parent
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
NOW = datetime(2026, 11, 21, 15, tzinfo=timezone.utc)
ZONE = ZoneInfo("America/Chicago")
RNG = random.Random(20261121)


def pick(items):
    """Of `random` only `random()` is promised to stay the same from one Python to the next."""
    return items[int(RNG.random() * len(items))]


def between(low, high):
    return low + int(RNG.random() * (high - low + 1))


def chance(share):
    return RNG.random() < share


def local(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(timezone.utc)


def ago(days=0, hours=0, minutes=0):
    return NOW - timedelta(days=days, hours=hours, minutes=minutes)


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def gid(kind, number):
    return f"gid://shopify/{kind}/{number}"


def write(name, rows):
    with open(OUT / name, "w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


# --- money -----------------------------------------------------------------------------------------------------------

# What a customer pays in their own currency (presentment), and what the shop books in its own (shop money).
RATE = {"USD": 1.0, "CAD": 0.72, "EUR": 1.08}


class Money:
    """Minor units of what the customer pays and of what the shop books. Both add up by themselves."""

    def __init__(self, paid, booked, currency):
        self.paid, self.booked, self.currency = paid, booked, currency

    @classmethod
    def of(cls, minor, currency):
        return cls(minor, int(minor * RATE[currency] + 0.5), currency)

    def __add__(self, other):
        return Money(self.paid + other.paid, self.booked + other.booked, self.currency)

    def __sub__(self, other):
        return Money(self.paid - other.paid, self.booked - other.booked, self.currency)

    def __mul__(self, count):
        return Money(self.paid * count, self.booked * count, self.currency)

    def share(self, percent):
        return Money.of(int(self.paid * percent / 100 + 0.5), self.currency)

    def part(self, count, of):
        """`count` of `of` pieces; the pieces add up to the whole."""
        return Money(self.paid * count // of, self.booked * count // of, self.currency)

    def bag(self):
        """A decimal, or the whole MoneyBag where the customer's currency is not the shop's."""
        if self.currency == "USD":
            return decimal(self.paid)
        return {
            "shopMoney": {"amount": decimal(self.booked), "currencyCode": "USD"},
            "presentmentMoney": {"amount": decimal(self.paid), "currencyCode": self.currency},
        }


def decimal(minor):
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02}"


def total_of(amounts, currency):
    total = Money(0, 0, currency)
    for amount in amounts:
        total = total + amount
    return total


# --- products --------------------------------------------------------------------------------------------------------

COLLECTIONS = [
    # handle, title, which products
    ("jackets", "Jackets", lambda p: p["productType"] == "Jackets"),
    ("trousers-and-shirts", "Trousers and shirts", lambda p: p["productType"] in ("Trousers", "Shirts", "Fleece")),
    ("base-layers", "Base layers, underwear and socks", lambda p: p["productType"] in ("Base layers", "Underwear", "Socks")),
    ("footwear", "Footwear", lambda p: p["productType"] == "Footwear"),
    ("packs-and-bags", "Packs and bags", lambda p: p["productType"] in ("Packs", "Bags")),
    ("camping-kitchen", "Camping kitchen", lambda p: p["productType"] == "Camping kitchen"),
    ("kids", "Kids", lambda p: p["productType"] == "Kids"),
    ("care", "Care", lambda p: p["productType"] == "Care"),
    ("final-sale", "Final sale", lambda p: "final-sale" in p["tags"]),
    ("hygiene-items", "Hygiene items", lambda p: "hygiene" in p["tags"]),
    ("gift-cards", "Gift cards", lambda p: p["isGiftCard"]),
]

# What a list item of the description begins with -> the metafield it fills.
METAFIELDS = {
    "Material": "material", "Outer": "material", "Upper": "material", "Shell": "material", "Filling": "filling",
    "Lining": "lining", "Care": "care", "Fit": "fit", "Weight": "weight", "Compatible with": "compatibility",
    "Fits": "compatibility", "Sole": "sole",
}


def products():
    found, made = {}, []
    with open(DEMO / "products.csv", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            handle = row["Handle"]
            if row["Title"]:
                number = 8800000001 + len(made)
                product = {
                    "id": gid("Product", number), "handle": handle, "title": row["Title"],
                    "descriptionHtml": row["Body (HTML)"], "vendor": row["Vendor"], "productType": row["Type"],
                    "tags": [t.strip() for t in row["Tags"].split(",")], "status": row["Status"].upper(),
                    "isGiftCard": row["Gift Card"] == "TRUE",
                    "createdAt": iso(local(2025, 1 + len(made) % 12, 1 + len(made) % 28, 9)),
                    "updatedAt": iso(local(2026, 11, 1 + len(made) % 19, 7, 30)),
                    "options": [{"name": row[f"Option{i} Name"], "values": []} for i in (1, 2, 3) if row[f"Option{i} Name"]],
                    "variants": [],
                }
                if row["Published"] == "TRUE":
                    product["publishedAt"] = product["createdAt"]
                    product["onlineStoreUrl"] = f"https://fjellvik.example/products/{handle}"
                found[handle] = product
                made.append(product)
            product = found[handle]
            if not row["Variant Price"]:
                continue
            chosen = [row[f"Option{i} Value"] for i in range(1, len(product["options"]) + 1)]
            for option, value in zip(product["options"], chosen):
                if value not in option["values"]:
                    option["values"].append(value)
            tracked = row["Variant Inventory Tracker"] == "shopify"
            stock = int(row["Variant Inventory Qty"] or 0)
            variant = {
                "id": gid("ProductVariant", 4400000001 + sum(len(p["variants"]) for p in made)),
                "title": " / ".join(chosen), "sku": row["Variant SKU"], "barcode": row["Variant Barcode"],
                "price": row["Variant Price"], "inventoryQuantity": stock,
                "inventoryPolicy": row["Variant Inventory Policy"].upper(),
                "availableForSale": product["status"] == "ACTIVE"
                and (not tracked or stock > 0 or row["Variant Inventory Policy"] == "continue"),
                "selectedOptions": [
                    {"name": o["name"], "value": v} for o, v in zip(product["options"], chosen)
                ],
                "inventoryItem": {
                    "id": gid("InventoryItem", 5500000001 + sum(len(p["variants"]) for p in made)),
                    "tracked": tracked, "requiresShipping": row["Variant Requires Shipping"] == "TRUE",
                },
            }
            if row["Variant Compare At Price"]:
                variant["compareAtPrice"] = row["Variant Compare At Price"]
            product["variants"].append(variant)
    for product in made:
        product["totalInventory"] = sum(v["inventoryQuantity"] for v in product["variants"] if v["inventoryItem"]["tracked"])
        product["collections"] = [
            gid("Collection", 3300000001 + i) for i, (_, _, holds) in enumerate(COLLECTIONS) if holds(product)
        ]
        fields = {}
        for item in re.findall(r"<li>(.*?)</li>", product["descriptionHtml"], re.S):
            label, _, value = item.partition(":")
            key = METAFIELDS.get(label.strip())
            if value and key and key not in fields:
                fields[key] = value.strip()
        product["metafields"] = [
            {"namespace": "custom", "key": key, "type": "single_line_text_field", "value": value}
            for key, value in fields.items()
        ]
    return made


def collections():
    return [
        {"id": gid("Collection", 3300000001 + i), "handle": handle, "title": title,
         "updatedAt": iso(local(2026, 11, 2, 8))}
        for i, (handle, title, _) in enumerate(COLLECTIONS)
    ]


PRODUCTS = products()
BY_HANDLE = {p["handle"]: p for p in PRODUCTS}
FINAL_SALE = [p["handle"] for p in PRODUCTS if "final-sale" in p["tags"] and p["status"] == "ACTIVE"]
HYGIENE = [p["handle"] for p in PRODUCTS if "hygiene" in p["tags"]]
FUEL = "gass-isobutane-canister"
PLAIN = [
    p["handle"] for p in PRODUCTS
    if p["status"] == "ACTIVE" and not p["isGiftCard"] and p["handle"] != FUEL
    and p["handle"] not in FINAL_SALE + HYGIENE and "personalised" not in p["tags"]
]

# --- people ----------------------------------------------------------------------------------------------------------

NAMES = """Amara Okonkwo;Linh Tran;Mateo Quispe;Sigrid Haugen;Yuki Tanabe;Fatima Benali;Dmitri Volkov;Priya Raghunathan;
Kwame Asante;Leilani Kahale;Owen Birchall;Marisol Echeverria;Tomasz Wiśniewski;Aoife Gallagher;Ravi Deshpande;Noor Haddad;
Jin-woo Baek;Chiara Lombardi;Winona Redhawk;Étienne Gagnon;Zanele Mthembu;Lars Østergaard;Soraya Farahani;Duc Pham;
Grace Mwangi;Ibrahim Yıldız;Hana Nováková;Malik Johnson;Beatriz Carvalho;Siobhán Doyle;Tenzin Norbu;Camille Rousseau;
Adaeze Nwosu;Pavel Horák;Rosa Villanueva;Kaito Morimoto;Ingeborg Lindqvist;Samuel Abebe;Leila Mansour;Jorge Ibáñez;
Mei-Ling Zhou;Anders Bakke;Thandiwe Dube;Elif Korkmaz;Nikhil Banerjee;Freya Thornquist;Omar El-Sayed;Paloma Restrepo;
Viktor Petrov;Agnieszka Zielińska;Kofi Mensah;Sakura Fujimoto;Liam O'Rourke;Dalia Cohen;Rafael Monteiro;Astrid Nygaard;
Hassan Qureshi;Maeve Fitzpatrick;Bao Nguyen;Ewa Kamińska;Tariq Aziz;Ximena Paredes;Olu Adeyemi;Katarina Jovanović;
Joon Park;Anaïs Tremblay;Moses Kiprono;Birgit Schreiber;Arjun Nair;Nadia Rahimi;Wendell Crowfoot;Luisa Ferrari;
Hiroshi Okada;Esperanza Gallegos;Tobias Engström;Zainab Diallo;Callum Mackenzie;Ngozi Eze;Stefan Ionescu;Meera Pillai;
Gwendolyn Prior;Ahmed Bouzid;Inés Navarrete;Torvald Eriksen;Chipo Moyo;Lucia Bianchi;Sanjay Kulkarni;Ruth Abramson;
Iolana Makoa;Piotr Dąbrowski;Yasmin Karimi;Brendan Sheehy;Thuy Le;Marguerite Bouchard;Emeka Obi;Solveig Dahl;
Hyun-ji Kang;Alejandro Fuentes;Rania Khoury;Oskar Lindgren;Aiyana Whitefeather;Georgios Papadakis;Shreya Menon;
Cillian Byrne;Nomvula Khumalo;Jana Svobodová;Rashid Al-Amin;Odette Lavoie;Tarek Nasser;Vilma Rautio;Diego Montoya;
Keisha Barnes;Ilse van Houten;Sunil Thapa;Marta Kowalczyk;Femi Balogun""".replace("\n", "").split(";")

US_CITIES = """Duluth,Minnesota,MN,55802;Portland,Oregon,OR,97209;Austin,Texas,TX,78704;Boulder,Colorado,CO,80302;Ithaca,New York,NY,14850;
Savannah,Georgia,GA,31401;Spokane,Washington,WA,99201;Madison,Wisconsin,WI,53703;Tucson,Arizona,AZ,85705;Asheville,North Carolina,NC,28801;
Burlington,Vermont,VT,05401;Missoula,Montana,MT,59801;Omaha,Nebraska,NE,68102;Lexington,Kentucky,KY,40507;Anchorage,Alaska,AK,99501;
Hilo,Hawaii,HI,96720;Fresno,California,CA,93721;Bangor,Maine,ME,04401""".replace("\n", "").split(";")
CA_CITIES = """Ottawa,Ontario,ON,K1P 5M7;Québec,Quebec,QC,G1R 4S9;Kelowna,British Columbia,BC,V1Y 6N7;Halifax,Nova Scotia,NS,B3H 1T5;
Banff,Alberta,AB,T1L 1B3;Winnipeg,Manitoba,MB,R3C 0V8""".replace("\n", "").split(";")
TERRITORIES = """Whitehorse,Yukon,YT,Y1A 2C6;Yellowknife,Northwest Territories,NT,X1A 2P3;Iqaluit,Nunavut,NU,X0A 0H0""".replace("\n", "").split(";")
EU_CITIES = """Galway,,,H91 E2K3,Ireland,IE;Freiburg,,,79098,Germany,DE;Annecy,,,74000,France,FR;Utrecht,,,3511 AB,Netherlands,NL;Innsbruck,,,6020,Austria,AT""".split(";")
STREETS = """Larkspur Lane;Quarry Hill Road;Tamarack Court;Millstone Avenue;Heron Way;Ashgrove Street;Copperfield Drive;Old Ferry Road;
Juniper Terrace;Saltmarsh Crescent;Wren Hollow;Basswood Street;Kestrel Close;Thimbleberry Trail;Granary Row;Pinecone Path""".replace("\n", "").split(";")
DOMAINS = ["post.example", "mail.example", "inbox.example", "letters.example"]
PLAIN_LETTERS = str.maketrans("śńŚłąężźćÉéèêëàâäáãåøØíîïóôöúüùıñçšžčřýąĄĆćúÖö'", "snSlaezzcEeeeeaaaaaaoOiiiooouuuincszcryaACcuOo-")


def address(name, place, number):
    if place in EU_CITIES:
        city, province, code, postal, country, country_code = place.split(",")
    else:
        city, province, code, postal = place.split(",")
        canadian = place in CA_CITIES + TERRITORIES
        country, country_code = ("Canada", "CA") if canadian else ("United States", "US")
    made = {
        "name": name, "address1": f"{between(12, 9800)} {pick(STREETS)}", "city": city, "zip": postal,
        "country": country, "countryCodeV2": country_code, "phone": f"+1 {between(201, 989)} 555 01{number % 100:02}",
    }
    if chance(0.25):
        made["address2"] = f"Apt {between(1, 48)}"
    if code:
        made["province"], made["provinceCode"] = province, code
    return made


def email_of(name, number):
    first, _, last = name.translate(PLAIN_LETTERS).lower().partition(" ")
    last = re.sub("[^a-z-]", "", last)
    first = re.sub("[^a-z-]", "", first)
    local_part = [f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first}", f"{first}{number}"][number % 4]
    return f"{local_part}@{DOMAINS[number % len(DOMAINS)]}"


def customers():
    made = []
    for i, name in enumerate(NAMES):
        place = pick(US_CITIES)
        if 88 <= i < 104:
            place = CA_CITIES[i % len(CA_CITIES)]
        elif 104 <= i < 110:
            place = TERRITORIES[i % len(TERRITORIES)]
        elif i >= 111:
            place = EU_CITIES[i - 111]
        made.append(person(i, name, email_of(name, i), address(name, place, i)))
    # Two whom the questions of this demo name.
    beth = address("Beth Aranda", "Taos,New Mexico,NM,87571", 8)
    beth["address1"] = "2210 Juniper Loop"
    beth.pop("address2", None)
    made.append(person(len(made), "Beth Aranda", "beth.aranda@post.example", beth))
    lorna = address("Lorna Tuttle", "Bemidji,Minnesota,MN,56601", 83)
    made.append(person(len(made), "Lorna Tuttle", "lorna.tuttle@mail.example", lorna))
    return made


def person(i, name, email, home):
    first, _, last = name.partition(" ")
    made = {
        "id": gid("Customer", 7001 + i), "firstName": first, "lastName": last, "email": email,
        "defaultEmailAddress": {"emailAddress": email}, "defaultPhoneNumber": {"phoneNumber": home["phone"]},
        "phone": home["phone"], "createdAt": iso(local(2024 + i % 3, 1 + i % 8, 1 + i % 28, 8 + i % 10)),
        "locale": "fr" if home.get("provinceCode") == "QC" else "en", "state": "ENABLED", "verifiedEmail": True,
        "tags": ["trail-club"] if i % 9 == 4 else [], "defaultAddress": home,
    }
    return made


CUSTOMERS = customers()
US = [c for c in CUSTOMERS if c["defaultAddress"]["countryCodeV2"] == "US" and c["lastName"] not in ("Aranda", "Tuttle")]
PROVINCES = [c for c in CUSTOMERS if c["defaultAddress"].get("provinceCode") in ("ON", "QC", "BC", "NS", "AB", "MB")]
NORTH = [c for c in CUSTOMERS if c["defaultAddress"].get("provinceCode") in ("YT", "NT", "NU")]
EUROPE = [c for c in CUSTOMERS if c["defaultAddress"]["countryCodeV2"] in ("IE", "DE", "FR", "NL", "AT")]
REGULAR = US[3]
TURN = {"US": 0, "regular": False}


def next_customer():
    """Each in turn, so that nobody is left without an order; the regular customer where `REGULAR_ORDERS` says so."""
    if TURN["regular"]:
        return REGULAR
    TURN["US"] += 1
    if US[TURN["US"] % len(US)] is REGULAR:
        TURN["US"] += 1
    return US[TURN["US"] % len(US)]


def named(last):
    return next(c for c in CUSTOMERS if c["lastName"] == last)


# --- what is paid with -----------------------------------------------------------------------------------------------

BRANDS = ["Visa", "Mastercard", "American Express", "Visa"]


def signs(customer, step):
    """Four digits of a card of theirs. Without the generator of random numbers, so that they shift nothing else."""
    return f"{int(customer['id'].rpartition('/')[2]) * step % 10000:04}"


def paid_with(customer, gateway):
    """What a transaction says of what it was paid with."""
    number = int(customer["id"].rpartition("/")[2])
    if gateway == "shopify_payments":
        masked = f"•••• •••• •••• {signs(customer, 7919)}"
        card = {"__typename": "CardPaymentDetails", "company": BRANDS[number % len(BRANDS)], "number": masked}
        if number % 7 == 3:
            card["wallet"] = "APPLE_PAY"
        return {"formattedGateway": "Shopify Payments", "accountNumber": masked, "paymentDetails": card}
    if gateway == "gift_card":
        return {"formattedGateway": "Gift card", "accountNumber": f"•••• •••• •••• {signs(customer, 6151)}"}
    return {"formattedGateway": "PayPal Express Checkout", "paymentDetails": {"__typename": "PaypalWalletPaymentDetails"}}


def gift_cards(orders):
    """Of those who paid with one, and of those whom the questions name. Fjellvik's gift cards never expire."""
    holders = []
    for order in orders:
        if "gift_card" in order["paymentGatewayNames"] and order["customer"] not in holders:
            holders.append(order["customer"])
    left = ["35.00", "0.00", "12.40", "100.00", "7.25"]
    of = {customer["id"]: customer for customer in CUSTOMERS}
    made = [(of[holder], signs(of[holder], 6151), left[i % len(left)], {}) for i, holder in enumerate(holders)]
    beth, lorna = named("Aranda"), named("Tuttle")
    made += [
        (beth, "4336", "60.00", {}),
        (beth, "80k2", "25.00", {"enabled": False, "deactivatedAt": iso(ago(days=30))}),
        # Bought by Lorna for Beth, who may not be told of it by Lorna's account.
        (lorna, "w7q1", "50.00", {"recipientAttributes": {"recipient": beth["id"]}}),
    ]
    return [{"id": gid("GiftCard", 3600000001 + i), "lastCharacters": code, "balance": balance, "customer": customer["id"],
             "enabled": True, "createdAt": iso(ago(days=90 - i)), **more}
            for i, (customer, code, balance, more) in enumerate(made)]


def store_credit():
    """By customer: one account for each currency."""
    def account(i, amount, currency):
        return {"id": gid("StoreCreditAccount", 3700000001 + i), "balance": {"amount": amount, "currencyCode": currency}}
    return {named("Aranda")["id"]: [account(0, "18.50", "USD")], named("Tuttle")["id"]: [account(1, "0.00", "USD")],
            PROVINCES[0]["id"]: [account(2, "5.00", "USD"), account(3, "40.00", "CAD")]}


# --- orders ----------------------------------------------------------------------------------------------------------

SALES_TAX = {"MN": 6.875, "TX": 8.25, "CO": 8.81, "NY": 8.0, "WA": 9.1, "CA": 8.35, "WI": 5.5, "AZ": 8.7, "GA": 7.0, "NC": 7.0,
             "ON": 13, "QC": 14.975, "BC": 12, "NS": 14, "AB": 5, "MB": 12, "NM": 8.0}
UNTAXED_IN_MN = ("Jackets", "Footwear", "Trousers", "Shirts", "Fleece", "Kids", "Base layers", "Underwear", "Socks")
PRICE_FACTOR = {"USD": 1, "CAD": 1.36, "EUR": 0.95}
ORDERS = []
SERIAL = {}


def serial(kind, first):
    SERIAL[kind] = SERIAL.get(kind, first - 1) + 1
    return gid(kind, SERIAL[kind])


class Order:
    """An order while it is being made. `made()` is what is written."""

    def __init__(self, state, created, customer=None, items=None, currency="USD", method="Standard", code=None, place=None):
        self.states = [state] if isinstance(state, str) else list(state)
        self.created, self.currency = created, currency
        self.customer = customer or next_customer()
        self.email = self.customer["email"]
        self.guest = False
        self.address = dict(place or self.customer["defaultAddress"])
        self.method, self.code = method, code
        self.lines, self.parcels, self.work, self.returns, self.refunds, self.transactions = [], [], [], [], [], []
        self.cancelled = self.note = None
        self.financial, self.fulfillment, self.return_status = "PAID", None, "NO_RETURN"
        self.gateways = ["shopify_payments"] if chance(0.8) else ["paypal"]
        self.received = None
        self.closed = False
        self.number = None
        self.updated = created
        self.fulfil_at = None
        self.void = False
        for item in items or basket():
            self.add(*item)
        self.price()
        ORDERS.append(self)

    def add(self, handle, quantity=1, reduced=0, attributes=None, option=None):
        product = BY_HANDLE[handle]
        variants = [v for v in product["variants"] if option is None or option in v["title"]]
        variant = pick(variants)
        unit = Money.of(int(float(variant["price"]) * PRICE_FACTOR[self.currency] + 0.5) * 100
                        if self.currency != "USD" else round(float(variant["price"]) * 100), self.currency)
        off = unit.share(reduced) if reduced else Money(0, 0, self.currency)
        self.lines.append({
            "id": serial("LineItem", 1400000001), "product": product, "variant": variant, "quantity": quantity, "unit": unit,
            "sold": unit - off, "off": off * quantity, "code": Money(0, 0, self.currency), "attributes": attributes or [],
            "refunded": 0, "gift": product["isGiftCard"], "sent": 0,
        })

    def price(self):
        currency = self.currency
        for line in self.lines:
            excluded = "final-sale" in line["product"]["tags"] or line["gift"] or line["product"]["handle"] == FUEL
            line["code"] = Money(0, 0, currency)
            if self.code and not excluded:
                line["code"] = line["sold"].share(10) * line["quantity"]
            line["after"] = line["sold"] - line["code"].part(1, line["quantity"])
            line["total"] = line["after"] * line["quantity"]
            rate = SALES_TAX.get(self.address.get("provinceCode"), 0)
            if line["gift"] or (self.address.get("provinceCode") == "MN" and line["product"]["productType"] in UNTAXED_IN_MN):
                rate = 0
            line["tax"] = line["after"].share(rate) * line["quantity"]
        self.subtotal = total_of((l["total"] for l in self.lines), currency)
        self.tax = total_of((l["tax"] for l in self.lines), currency)
        self.discount = total_of((l["off"] + l["code"] for l in self.lines), currency)
        self.shipping = Money.of(self.freight(), currency)
        self.total = self.subtotal + self.shipping + self.tax
        self.zero = Money(0, 0, currency)

    def freight(self):
        goods = sum(l["total"].paid for l in self.lines if not l["gift"])
        if all(l["gift"] for l in self.lines):
            return 0
        province, country = self.address.get("provinceCode"), self.address["countryCodeV2"]
        if country == "CA" and province in ("YT", "NT", "NU"):
            return 0 if goods >= 25000 else 2400
        if country == "CA":
            return 2900 if self.method == "Express" else 0 if goods >= 12000 else 1200
        if country != "US":
            return 2500
        if self.method in ("Express", "Overnight"):
            return 1800 if self.method == "Express" else 3200
        if province in ("AK", "HI"):
            return 0 if goods >= 15000 else 1495
        return 0 if goods >= 7500 else 695

    # What happens to it

    def at(self, *times):
        self.updated = max([self.updated, *[t for t in times if t]])

    def parcel(self, lines, sent, status, carrier=None, delivered=None, expected=None, events=(), tracked=True):
        """`lines` are (line, quantity). `events` are (status, time, message, city)."""
        for line, quantity in lines:
            line["sent"] += quantity
        made = {
            "id": serial("Fulfillment", 2500000001), "status": "SUCCESS", "displayStatus": status, "createdAt": iso(sent),
            "updatedAt": iso(max([sent, *[e[1] for e in events]])),
        }
        transit = next((e[1] for e in events if e[0] in ("CARRIER_PICKED_UP", "IN_TRANSIT")), None)
        if transit:
            made["inTransitAt"] = iso(transit)
        if delivered:
            made["deliveredAt"] = iso(delivered)
        if expected:
            made["estimatedDeliveryAt"] = iso(expected)
        if tracked:
            made["trackingInfo"] = [tracking(carrier or self.carrier())]
        if events:
            made["events"] = [self.event(*e) for e in events]
        made["fulfillmentLineItems"] = [
            {"id": serial("FulfillmentLineItem", 2600000001), "lineItem": line["id"], "quantity": quantity}
            for line, quantity in lines
        ]
        self.parcels.append(made)
        self.at(sent, delivered, *[e[1] for e in events])
        return made

    def event(self, status, time, message=None, city=None):
        made = {"id": serial("FulfillmentEvent", 2700000001), "status": status, "happenedAt": iso(time)}
        if message:
            made["message"] = message
        if city:
            made["city"], _, made["province"] = city.partition(", ")
            made["country"] = "US"
            if city == self.home():
                made["country"] = self.address["countryCodeV2"]
        return made

    def home(self):
        return ", ".join(filter(None, [self.address["city"], self.address.get("provinceCode")]))

    def carrier(self):
        if self.address["countryCodeV2"] == "CA":
            return "Canada Post"
        return pick(["UPS", "UPS", "FedEx", "USPS"])

    def all_lines(self):
        return [(l, l["quantity"]) for l in self.lines if not l["gift"]]

    def travel(self, sent, until, lines=None, **more):
        """A parcel on the usual way, cut off at `until`: one of the stages below."""
        hub = pick(["Minneapolis, MN", "Chicago, IL", "Memphis, TN"])
        picked, moved = sent + timedelta(hours=between(2, 6)), sent + timedelta(hours=between(20, 30))
        stages = [("LABEL_PRINTED", sent, "Label created", "Duluth, MN"),
                  ("CARRIER_PICKED_UP", picked, "Picked up by the carrier", "Duluth, MN"),
                  ("IN_TRANSIT", moved, "Departed the sorting centre", hub)]
        keep = {"LABEL_PRINTED": 1, "CARRIER_PICKED_UP": 2}.get(until, 3)
        events = stages[:keep] + list(more.pop("events", []))
        return self.parcel(lines or self.all_lines(), sent, until, events=events, **more)

    def arrive(self, sent, delivered, lines=None, message="Delivered, front door", **more):
        events = [("OUT_FOR_DELIVERY", delivered - timedelta(hours=5), "Out for delivery", self.home()),
                  ("DELIVERED", delivered, message, self.home())]
        return self.travel(sent, "DELIVERED", lines, events=events, delivered=delivered, **more)

    def waits(self, status, lines=None, fulfil_at=None, holds=()):
        """A fulfilment order that is not done."""
        items = lines or [(l, l["quantity"] - l["sent"]) for l in self.lines if not l["gift"] and l["quantity"] > l["sent"]]
        made = {"id": serial("FulfillmentOrder", 2800000001), "status": status,
                "lineItems": [
                    {"id": serial("FulfillmentOrderLineItem", 2900000001), "lineItem": line["id"], "totalQuantity": quantity,
                     "remainingQuantity": quantity} for line, quantity in items]}
        if fulfil_at:
            made["fulfillAt"] = iso(fulfil_at)
        if holds:
            made["fulfillmentHolds"] = [
                {"id": serial("FulfillmentHold", 3000000001), "reason": reason, "reasonNotes": notes} for reason, notes in holds
            ]
        self.work.append(made)

    def refund(self, when, lines, shipping=False, fee=0, status="SUCCESS", note=None, restock="RETURN"):
        """`lines` are (line, quantity). `fee` is what is kept, in minor units."""
        items, total = [], self.zero
        for line, quantity in lines:
            amount, tax = line["after"] * quantity, line["tax"].part(quantity, line["quantity"])
            line["refunded"] += quantity
            items.append({"lineItem": line["id"], "quantity": quantity, "restockType": restock,
                          "subtotalSet": amount.bag(), "totalTaxSet": tax.bag()})
            total = total + amount + tax
        made = {"id": serial("Refund", 3100000001), "createdAt": iso(when), "processedAt": iso(when), "refundLineItems": items}
        if shipping and self.shipping.paid:
            made["refundShippingLines"] = [{"subtotalAmountSet": self.shipping.bag(), "taxAmountSet": self.zero.bag()}]
            total = total + self.shipping
        if fee:
            kept = Money.of(fee, self.currency)
            made["orderAdjustments"] = [{"reason": "REFUND_DISCREPANCY", "amountSet": (self.zero - kept).bag()}]
            total = total - kept
        if note:
            made["note"] = note
        made["totalRefundedSet"] = total.bag()
        made["transactions"] = [{
            "id": serial("OrderTransaction", 3200000001), "kind": "REFUND", "status": status, "gateway": self.gateways[0],
            "amountSet": total.bag(), "createdAt": iso(when), **({"processedAt": iso(when)} if status == "SUCCESS" else {}),
            **paid_with(self.customer, self.gateways[0]),
        }]
        self.refunds.append((made, total))
        left = sum(l["quantity"] - l["refunded"] for l in self.lines)
        self.financial = "PARTIALLY_REFUNDED" if left or fee else "REFUNDED"
        self.at(when)
        return total

    def sends_back(self, status, when, lines, closed=None, decline=None, note=None, refunded=False):
        """`lines` are (line, quantity) of what was delivered."""
        items = []
        for line, quantity in lines:
            parcel_line = next(i["id"] for p in self.parcels for i in p["fulfillmentLineItems"] if i["lineItem"] == line["id"])
            items.append({
                "id": serial("ReturnLineItem", 3400000001), "fulfillmentLineItem": parcel_line, "quantity": quantity,
                "refundableQuantity": 0 if refunded or decline else quantity, "refundedQuantity": quantity if refunded else 0,
                **({"customerNote": note} if note else {}),
            })
        made = {"id": serial("Return", 3500000001), "status": status, "createdAt": iso(when),
                "totalQuantity": sum(q for _, q in lines), "returnLineItems": items}
        if status in ("OPEN", "CLOSED"):
            made["requestApprovedAt"] = iso(when + timedelta(hours=1))
        if closed:
            made["closedAt"] = iso(closed)
        if decline:
            made["decline"] = {"reason": decline[0], "note": decline[1]}
        self.returns.append(made)
        self.return_status = {"REQUESTED": "RETURN_REQUESTED", "OPEN": "IN_PROGRESS", "CLOSED": "RETURNED"}.get(status, "NO_RETURN")
        self.at(when, closed)

    def cancel(self, when, reason, refunded=True, note=None):
        self.cancelled = (when, reason)
        if refunded:
            self.refund(when, [(l, l["quantity"]) for l in self.lines], shipping=True, restock="CANCEL", note=note)
        else:
            for line in self.lines:
                line["refunded"] = line["quantity"]
            self.financial, self.void = "VOIDED", True
        self.at(when)

    # What is written

    def made(self):
        number = f"#FV{self.number}"
        waiting = [w for w in self.work]
        if self.fulfillment is None:
            self.fulfillment = self.stands()
        sent = [l for l in self.lines if l["sent"]]
        if sent:
            waiting += [{"id": serial("FulfillmentOrder", 2800000001), "status": "CLOSED"} for _ in self.parcels]
        refunded = total_of((t for _, t in self.refunds), self.currency)
        zero = self.zero
        received = self.total if self.received is None else self.received
        if self.void:
            received = zero
        current = zero if self.void else self.total - refunded
        kept = [(l, l["quantity"] - l["refunded"]) for l in self.lines]
        shipping_back = self.shipping if self.void or any("refundShippingLines" in r for r, _ in self.refunds) else zero
        order = {
            "id": gid("Order", 5000000000 + self.number), "name": number, "number": self.number, "email": self.email,
            "createdAt": iso(self.created), "updatedAt": iso(self.updated),
            "currencyCode": "USD", "presentmentCurrencyCode": self.currency,
            "displayFinancialStatus": self.financial, "displayFulfillmentStatus": self.fulfillment,
            "returnStatus": self.return_status, "tags": [f"state:{s}" for s in self.states],
            "paymentGatewayNames": self.gateways,
            "statusPageUrl": f"https://fjellvik.example/75500001/orders/{self.secret()}",
        }
        if not self.guest:
            order["customer"] = self.customer["id"]
        if self.closed:
            order["closed"], order["closedAt"] = True, iso(self.updated)
        if self.cancelled:
            order["cancelledAt"], order["cancelReason"] = iso(self.cancelled[0]), self.cancelled[1]
        if self.note:
            order["note"] = self.note
        if self.code:
            order["discountCodes"] = [self.code]
        if any(not l["gift"] for l in self.lines):
            order["phone"] = self.address["phone"]
            order["shippingAddress"] = self.address
            order["shippingLine"] = {"title": self.method, "code": self.method.upper(),
                                     "discountedPriceSet": self.shipping.bag()}
        for key, amount in [
            ("subtotalPriceSet", self.subtotal), ("totalShippingPriceSet", self.shipping), ("totalTaxSet", self.tax),
            ("totalDiscountsSet", self.discount), ("totalPriceSet", self.total), ("originalTotalPriceSet", self.total),
            ("currentSubtotalPriceSet", total_of((l["after"] * n for l, n in kept), self.currency)),
            ("currentShippingPriceSet", self.shipping - shipping_back),
            ("currentTotalTaxSet", total_of((l["tax"].part(n, l["quantity"]) for l, n in kept), self.currency)),
            ("currentTotalDiscountsSet", total_of(((l["off"] + l["code"]).part(n, l["quantity"]) for l, n in kept), self.currency)),
            ("currentTotalPriceSet", current), ("totalRefundedSet", refunded), ("totalReceivedSet", received),
            ("totalOutstandingSet", zero if self.void else self.total - received),
        ]:
            order[key] = amount.bag()
        order["lineItems"] = [self.line(l) for l in self.lines]
        if self.parcels:
            order["fulfillments"] = [{**p, "name": f"{number}-F{i}"} for i, p in enumerate(self.parcels, 1)]
        if waiting:
            order["fulfillmentOrders"] = waiting
        if self.returns:
            order["returns"] = [{**r, "name": f"{number}-R{i}"} for i, r in enumerate(self.returns, 1)]
        if self.refunds:
            order["refunds"] = [r for r, _ in self.refunds]
        paid = {"PENDING": ("SALE", "PENDING"), "AUTHORIZED": ("AUTHORIZATION", "SUCCESS"), "VOIDED": ("VOID", "SUCCESS")}
        kind, status = paid.get(self.financial, ("SALE", "SUCCESS"))
        amount = received if received.paid else self.total
        order["transactions"] = [{"id": serial("OrderTransaction", 3200000001), "kind": kind, "status": status,
                                  "gateway": g, "amountSet": a.bag(), "processedAt": iso(self.created),
                                  **paid_with(self.customer, g)}
                                 for g, a in self.split_payment(amount)]
        return {k: v for k, v in order.items() if v not in ([], None)}

    def split_payment(self, amount):
        if len(self.gateways) == 1:
            return [(self.gateways[0], amount)]
        first = Money.of(2500, self.currency)
        return [(self.gateways[0], first), (self.gateways[1], amount - first)]

    def line(self, line):
        variant, left = line["variant"], line["quantity"] - line["refunded"]
        made = {
            "id": line["id"], "title": line["product"]["title"], "sku": variant["sku"], "quantity": line["quantity"],
            "currentQuantity": left, "refundableQuantity": left,
            "unfulfilledQuantity": 0 if line["gift"] else max(0, left - line["sent"]),
            "originalUnitPriceSet": line["unit"].bag(), "discountedUnitPriceSet": line["sold"].bag(),
            "discountedUnitPriceAfterAllDiscountsSet": line["after"].bag(),
            "originalTotalSet": (line["unit"] * line["quantity"]).bag(), "discountedTotalSet": (line["sold"] * line["quantity"]).bag(),
            "totalDiscountSet": line["off"].bag(), "requiresShipping": not line["gift"],
            "product": line["product"]["id"], "variant": variant["id"],
        }
        if variant["title"] != "Default Title":
            made["variantTitle"] = variant["title"]
        if line["gift"]:
            made["isGiftCard"] = True
        if line["attributes"]:
            made["customAttributes"] = [{"key": k, "value": v} for k, v in line["attributes"]]
        if line["code"].paid:
            made["discountAllocations"] = [{"allocatedAmountSet": line["code"].bag()}]
        return made

    def stands(self):
        if all(l["gift"] for l in self.lines):
            return "FULFILLED"
        goods = [l for l in self.lines if not l["gift"]]
        if self.cancelled:
            return "UNFULFILLED"
        if any(w["status"] == "ON_HOLD" for w in self.work):
            return "ON_HOLD"
        sent, wanted = sum(l["sent"] for l in goods), sum(l["quantity"] for l in goods)
        if sent and sent < wanted:
            return "PARTIALLY_FULFILLED"
        if sent:
            return "FULFILLED"
        states = {w["status"] for w in self.work}
        if "SCHEDULED" in states:
            return "SCHEDULED"
        return "IN_PROGRESS" if "IN_PROGRESS" in states else "UNFULFILLED"

    def secret(self):
        return "".join(pick("0123456789abcdef") for _ in range(24))


def basket(extra=()):
    made = [(pick(PLAIN), 2 if chance(0.12) else 1)]
    while chance(0.45) and len(made) < 4:
        handle = pick(PLAIN)
        if all(handle != h for h, *_ in made):
            made.append((handle, 1))
    return made + list(extra)


def two():
    first = pick(PLAIN)
    return [(first, 1), (next(h for h in iter(lambda: pick(PLAIN), None) if h != first), between(1, 2))]


def tracking(carrier):
    digits = lambda n: "".join(pick("0123456789") for _ in range(n))
    number, url = {
        "UPS": lambda: (f"1ZFV{digits(14)}", "https://www.ups.com/track?tracknum="),
        "FedEx": lambda: (f"7999{digits(8)}", "https://www.fedex.com/fedextrack/?trknbr="),
        "USPS": lambda: (f"9400999{digits(15)}", "https://tools.usps.com/go/TrackConfirmAction?tLabels="),
        "Canada Post": lambda: (f"7999{digits(12)}", "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor="),
    }[carrier]()
    return {"company": carrier, "number": number, "url": url + number}


def dispatch(created):
    """The next working day at some hour of the afternoon, in the warehouse's time."""
    day = created.astimezone(ZONE)
    if day.hour >= 13 or day.weekday() >= 5:
        day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return local(day.year, day.month, day.day, between(14, 16), between(0, 59))


def evening(time):
    """Some parcels come late: 23:30 in the store's zone is the next day in UTC."""
    day = time.astimezone(ZONE)
    return local(day.year, day.month, day.day, *pick([(10, 12), (13, 47), (16, 5), (18, 30), (23, 30)]))


def placed(days, hour=None):
    day = ago(days).astimezone(ZONE)
    return local(day.year, day.month, day.day, between(7, 22) if hour is None else hour, between(0, 59))


# --- every state of an order -----------------------------------------------------------------------------------------


def fresh(i):
    """Within the 60 minutes in which it can be changed; Express has 15."""
    Order("unfulfilled-fresh", ago(minutes=4 + 7 * i)).waits("OPEN")


def older(i):
    Order("unfulfilled-older", ago(hours=18 + 3 * i)).waits("OPEN")


def in_progress(i):
    Order("in-progress", ago(hours=26 + 4 * i)).waits("IN_PROGRESS")


def split_delivered_in_transit(i, created=None, customer=None, items=None):
    order = Order("split-delivered-in-transit", created or placed(11 + i), customer, items or two())
    first = dispatch(order.created)
    order.arrive(first, evening(first + timedelta(days=4)), [(order.lines[0], order.lines[0]["quantity"])])
    rest = [(l, l["quantity"]) for l in order.lines[1:]]
    order.travel(ago(days=3, hours=i), "IN_TRANSIT", rest, expected=local(2026, 11, 24 + i % 2, 20))
    return order


def split_shipped_unshipped(i):
    order = Order("split-shipped-unshipped", placed(3 + i % 3), items=two())
    line = order.lines[1] if order.lines[1]["quantity"] > 1 and i % 2 else order.lines[0]
    quantity = 1 if line is order.lines[1] else line["quantity"]
    order.travel(dispatch(order.created), "IN_TRANSIT", [(line, quantity)], expected=local(2026, 11, 25, 20))
    order.waits("OPEN")


HOLDS = {
    "AWAITING_PAYMENT": "Bank has not confirmed, finance to call on Monday",
    "HIGH_RISK_OF_FRAUD": "Risk score 91, card country differs, do not tell the customer",
    "INCORRECT_ADDRESS": "Street number does not exist, wrote to the customer",
    "INVENTORY_OUT_OF_STOCK": "Shelf count was wrong, supplier promises week 49",
    "AWAITING_RETURN_ITEMS": "Exchange, wait for the scan of the first pair",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Upsell window of the checkout",
    "UNKNOWN_DELIVERY_DATE": "Carrier gives no date for this zone",
    "OTHER": "Ask Ingrid before packing",
}


def on_hold(i):
    reason, notes = list(HOLDS.items())[i % len(HOLDS)]
    order = Order(["on-hold", f"on-hold-{reason.lower().replace('_', '-')}"], placed(3 + i % 6), items=two() if i % 5 == 4 else None)
    if reason == "AWAITING_PAYMENT":
        order.financial, order.received = "PENDING", order.zero
    if i % 5 == 4:
        order.travel(dispatch(order.created), "IN_TRANSIT", [(order.lines[0], order.lines[0]["quantity"])],
                     expected=local(2026, 11, 26, 20))
    order.waits("ON_HOLD", holds=[(reason, notes)])


def preorder(i):
    """Some wait as a whole, some have sent what was in stock."""
    items = two() if i % 2 else None
    order = Order("preorder-scheduled", placed(6 + 5 * i), items=items)
    if items:
        first = dispatch(order.created)
        order.arrive(first, evening(first + timedelta(days=4)), [(order.lines[0], order.lines[0]["quantity"])])
    order.waits("SCHEDULED", fulfil_at=local(2026, 12, 3 + 2 * i, 9))


def label_only(i):
    order = Order("label-printed", placed(2))
    order.travel(ago(hours=17 + i), "LABEL_PRINTED")


def in_transit(i):
    order = Order("in-transit", placed(3 + i % 3), method="Express" if i % 5 == 3 else "Standard")
    order.travel(dispatch(order.created), "IN_TRANSIT", expected=local(2026, 11, 23 + i % 4, 20))


def picked_up(i):
    order = Order("carrier-picked-up", placed(2))
    order.travel(ago(hours=18 + i), "CARRIER_PICKED_UP", expected=local(2026, 11, 25, 20))


def out_for_delivery(i):
    order = Order("out-for-delivery", placed(6))
    order.travel(dispatch(order.created), "OUT_FOR_DELIVERY", expected=local(2026, 11, 21, 20),
                 events=[("OUT_FOR_DELIVERY", ago(minutes=70 + 9 * i), "Out for delivery", order.home())])


def attempted(i):
    order = Order("attempted-delivery", placed(7))
    order.travel(dispatch(order.created), "ATTEMPTED_DELIVERY", expected=local(2026, 11, 20, 20),
                 events=[("OUT_FOR_DELIVERY", ago(days=1, hours=7), "Out for delivery", order.home()),
                         ("ATTEMPTED_DELIVERY", ago(days=1, hours=1, minutes=i), "Nobody was home", order.home())])


def delayed(i):
    order = Order("delayed", placed(9))
    reason = pick(["Delayed by snow on I-35", "Delayed: sorting centre closed", "Missed connection, arrives later"])
    order.travel(dispatch(order.created), "DELAYED", expected=local(2026, 11, 24 + i % 3, 20),
                 events=[("DELAYED", ago(days=2, hours=i), reason, "Omaha, NE")])


def pickup(i):
    order = Order("ready-for-pickup", placed(8))
    order.travel(dispatch(order.created), "READY_FOR_PICKUP", events=[
        ("ATTEMPTED_DELIVERY", ago(days=2, hours=2), "Nobody was home", order.home()),
        ("READY_FOR_PICKUP", ago(days=1, hours=20 - i), "Waiting at the pickup point", order.home())])


def delivered(i, days=None, customer=None, items=None, created=None, method="Standard", code=None):
    """Ordered in October: the 30 days count from delivery, and end between tomorrow and two weeks from now."""
    order = Order("delivered", created or local(2026, 10, 20 + i % 11, between(7, 22)), customer, items, method=method, code=code)
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=days or between(3, 6))))
    order.closed = i % 3 == 0
    return order


def neighbour(i):
    order = Order("delivered-to-neighbour", placed(12 + i))
    sent = dispatch(order.created)
    message = ["Left with a neighbour", "Delivered to a neighbour", "Left with neighbour Petersen, house 1408"][i % 3]
    order.arrive(sent, evening(sent + timedelta(days=4)), message=message)


def long_ago(i):
    """The window has closed, though Shopify still shows the order; the last ones ended yesterday and today."""
    order = Order("delivered-long-ago", local(2026, 9, 24 + i % 6, between(7, 22)))
    arrived = [local(2026, 10, 21, 16, 5), local(2026, 10, 22, 23, 30)][i % 2] if i < 4 else local(2026, 10, 2 + i, 12, 10)
    order.arrive(dispatch(order.created), arrived)
    order.closed = True


def yesterday(i):
    order = Order("delivered-yesterday", placed(6))
    order.arrive(dispatch(order.created), local(2026, 11, 20, *[(9, 40), (13, 15), (23, 30)][i % 3]))


def holiday(i):
    """Ordered from November 1 on: until January 31."""
    created = [local(2026, 11, 1, 0, 5), local(2026, 10, 31, 23, 50)][i] if i < 2 else local(2026, 11, 2 + i, between(7, 22))
    order = Order("delivered-holiday-window" if i != 1 else "delivered", created)
    sent = dispatch(created)
    order.arrive(sent, evening(sent + timedelta(days=4)))


def lost_no_scan(i):
    Order("lost-no-scan", local(2026, 10, 21 + i, 11)).travel(local(2026, 10, 28, 15, 4 + i), "IN_TRANSIT",
                                                             expected=local(2026, 11, 2, 20))


def lost_failure(i):
    order = Order("lost-failure", local(2026, 10, 26, 8 + i))
    order.travel(local(2026, 10, 27, 15, 10), "FAILURE", events=[
        ("FAILURE", local(2026, 11, 9, 10, i), "Parcel lost, investigation closed", "Memphis, TN")])


def not_delivered(i):
    order = Order("not-delivered", local(2026, 11, 2, 8 + i))
    order.travel(local(2026, 11, 3, 15, i), "NOT_DELIVERED", events=[
        ("ATTEMPTED_DELIVERY", local(2026, 11, 7, 12, i), "Nobody was home", order.home()),
        ("FAILURE", local(2026, 11, 10, 9, i), "Refused, going back to the sender", order.home())])


def untracked(i):
    """Marked as sent by hand: nobody knows when it arrived."""
    order = Order("fulfilled-untracked", placed(9 + i))
    order.parcel(order.all_lines(), dispatch(order.created), "MARKED_AS_FULFILLED" if i % 2 else "FULFILLED", tracked=False)


def cancelled_refunded(i):
    order = Order("cancelled-refunded", placed(4 + i))
    order.cancel(order.created + timedelta(minutes=22 + i), pick(["CUSTOMER", "INVENTORY", "STAFF"]))


def cancelled_voided(i):
    order = Order("cancelled-voided", placed(3 + i))
    order.cancel(order.created + timedelta(minutes=31 + i), "CUSTOMER", refunded=False)


def cancelled_fraud(i):
    order = Order("cancelled-fraud", placed(5 + i))
    order.cancel(order.created + timedelta(hours=3), "FRAUD", note="Stolen card, reported by the issuer")


def partially_refunded(i):
    order = Order("partially-refunded", placed(16 + i), items=two())
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=4)))
    order.refund(ago(days=4 + i), [(order.lines[0], 1)], restock="NO_RESTOCK", note="Goodwill, scuffed in transit")


def fully_refunded(i):
    order = Order("fully-refunded", placed(18 + i))
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=4)))
    order.refund(ago(days=3 + i), [(l, l["quantity"]) for l in order.lines], shipping=True, restock="NO_RESTOCK")


def came_back(state, i, **more):
    order = Order(state, local(2026, 10, 14 + i, between(7, 22)), items=more.pop("items", None) or two(), **more)
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=4)))
    return order


def refund_pending(i):
    order = came_back("refund-pending", i)
    order.sends_back("CLOSED", local(2026, 11, 2, 10, i), [(order.lines[0], 1)], closed=ago(days=1, hours=3), refunded=True)
    order.refund(ago(days=1, hours=3 - i % 3), [(order.lines[0], 1)], fee=750, status="PENDING")


def returned_in_part(i):
    order = came_back("returned-in-part", i)
    order.sends_back("CLOSED", local(2026, 10, 29, 10, i), [(order.lines[0], 1)], closed=local(2026, 11, 9, 11, i), refunded=True)
    order.refund(local(2026, 11, 9, 11, i), [(order.lines[0], 1)], fee=750)


def return_requested(i):
    order = came_back("return-requested", i + 5)
    order.sends_back("REQUESTED", ago(hours=20 + 5 * i), [(order.lines[0], 1)], note="Too tight across the shoulders")


def return_open(i):
    order = came_back("return-open", i + 4)
    order.sends_back("OPEN", ago(days=3 + i), [(order.lines[0], 1)])


def return_declined(i):
    order = came_back("return-declined", i + 2)
    order.sends_back("DECLINED", ago(days=6 + i), [(order.lines[0], 1)],
                     decline=("OTHER", "The item shows signs of wear, so we cannot take it back."))


def return_closed(i):
    order = came_back("return-closed", i, items=[(pick(PLAIN), 1)])
    order.sends_back("CLOSED", local(2026, 10, 30, 9, i), [(order.lines[0], 1)], closed=local(2026, 11, 10, 15, i), refunded=True)
    order.refund(local(2026, 11, 10, 15, i), [(order.lines[0], 1)], fee=750)


def gift_card(i):
    """Sent by e-mail: no address, no parcel."""
    order = Order("gift-card-order", placed(1 + 3 * i), items=[("fjellvik-gift-card", 1 + i % 2)])
    line = order.lines[0]
    order.parcel([(line, line["quantity"])], order.created + timedelta(minutes=2), "FULFILLED", tracked=False)
    order.closed = True


def paid_by_gift_card(i):
    order = Order("paid-by-gift-card", placed(5 + 4 * i), items=[(pick(["brekke-beanie", "bal-spork-set", "dag-22-daypack"]), 1)])
    order.gateways = ["gift_card"] if i % 2 else ["gift_card", "shopify_payments"]
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=3))) if i else order.travel(sent, "IN_TRANSIT", expected=local(2026, 11, 24, 20))


def payment(state, financial, part):
    def make(i):
        order = Order(state, placed(1 + i % 4))
        order.financial = financial
        order.received = order.total.part(part, 100)
        order.waits("OPEN")
    return make


def out_of_reach(i):
    """Older than the 60 days that `read_orders` opens."""
    order = Order("older-than-60-days", local(2026, 5 + i % 4, 3 + i, between(8, 20)))
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=4)))
    order.closed = True


# Overlays: what is in it, who bought it, what it was paid with.


def final_sale(i):
    mixed = i % 2 == 1
    order = delivered(i, items=[(FINAL_SALE[i % len(FINAL_SALE)], 1)] + ([(pick(PLAIN), 1)] if mixed else []))
    order.states += ["final-sale"] + (["mixed"] if mixed else [])


def hygiene(i):
    mixed = i % 2 == 1
    order = delivered(i, items=[(HYGIENE[i % len(HYGIENE)], 1 + i % 2)] + ([(pick(PLAIN), 1), (FUEL, 2)] if mixed else []),
                      customer=named("Okonkwo") if mixed else None)
    order.states += ["hygiene"] + (["mixed"] if mixed else [])


def engraved(i):
    words = ["For Opa", "Summit crew '26", "A & J", "Mira", "Best hiking partner"][i]
    items = [("bal-enamel-mug", 1, 0, [("Engraving", words)], "/ With engraving")] if i % 2 == 0 else \
        [("termo-insulated-bottle", 1, 0, [("Engraving", words)])]
    delivered(i, items=items + [(pick(PLAIN), 1)]).states += ["engraved", "mixed"]


def fuel(i):
    delivered(i, items=[(FUEL, 1 + i % 3), ("glo-canister-stove", 1)], customer=named("Okonkwo")).states += ["fuel"]


def discounted(i):
    if i % 2:
        delivered(i, items=two(), code="WELCOME10").states += ["discount-code"]
    else:
        delivered(i, items=[(pick(PLAIN), 1, 20), (pick(PLAIN), 1)]).states += ["reduced-line"]


def canadian(people, state):
    def make(i):
        who = people[i % len(people)]
        created = local(2026, 10, 22 + i % 9, between(7, 22)) if i % 3 else placed(6)
        order = Order(["currency-cad", state], created, who, currency="CAD", method="Express" if i % 4 == 1 else "Standard")
        sent = dispatch(created)
        if i % 3 == 0:
            order.states.append("in-transit")
            order.travel(sent, "IN_TRANSIT", expected=local(2026, 11, 27, 20))
        else:
            order.states.append("delivered")
            order.arrive(sent, evening(sent + timedelta(days=8)))
        if i % 6 == 4:
            order.states.append("partially-refunded")
            order.refund(ago(days=2), [(order.lines[0], 1)], fee=1100)
    return make


def european(i):
    who = EUROPE[i % len(EUROPE)]
    order = Order(["currency-eur", "delivered"], local(2026, 10, 21 + i, 9), who, currency="EUR")
    sent = dispatch(order.created)
    order.arrive(sent, evening(sent + timedelta(days=9)), carrier="UPS")


def same_item_twice(i):
    who, handle = US[40 + i], pick(PLAIN)
    delivered(i, customer=who, items=[(handle, 1)]).states.append("same-item-twice")
    order = Order(["in-transit", "same-item-twice"], placed(4), who, [(handle, 1)])
    order.travel(dispatch(order.created), "IN_TRANSIT", expected=local(2026, 11, 25, 20))


# Who bought it, laid over orders that are there already: (maker, i) -> what is different.
REGULAR_ORDERS = {("older", 1), ("in_transit", 1), ("delayed", 1), ("returned_in_part", 1), ("out_of_reach", 1),
                  ("discounted", 1), ("discounted", 4), ("cancelled_refunded", 2)}
GUESTS = {("in_transit", 0): "Ottilie Brandt", ("final_sale", 2): "Juno Castellano", ("delayed", 2): "Pim de Groot",
          ("discounted", 2): "Saoirse Quill", ("long_ago", 1): "Yara Osei", ("return_open", 2): "Ned Farrow"}
OTHER_EMAIL = {("in_transit", 2), ("hygiene", 2), ("yesterday", 1), ("split_delivered_in_transit", 2), ("partially_refunded", 1)}
UPPER_EMAIL = {("in_transit", 3), ("final_sale", 4), ("yesterday", 2), ("older", 2), ("refund_pending", 1)}
PRIVATE_NOTE = {("in_transit", 4), ("out_for_delivery", 1), ("older", 3), ("attempted", 2), ("hygiene", 4)}


def overlay(order, key):
    if key in REGULAR_ORDERS:
        order.states.append("regular-customer")
    if key in GUESTS:
        order.states.append("guest")
        order.guest, order.address["name"] = True, GUESTS[key]
        order.email = email_of(GUESTS[key], key[1])
    if key in OTHER_EMAIL:
        order.states.append("other-email")
        order.email = f"orders.{order.email.partition('@')[0]}@elsewhere.example"
    if key in UPPER_EMAIL:
        order.states.append("upper-case-email")
        order.email = order.email.upper()
    if key in PRIVATE_NOTE:
        order.states.append("private-note")
        order.note = f"Gate code {4471 + key[1]}, the dog is friendly"


def those_that_the_questions_name():
    first = local(2026, 10, 1, 9, 12)
    mainly = split_delivered_in_transit(0, first, CUSTOMERS[0],
                                        [("granitt-mid-boot", 1, 0, None, "42 / Chestnut"), ("ferd-45-pack", 1)])
    mainly.number = 10234
    mugs = Order("delivered", local(2026, 10, 8, 19, 20), named("Aranda"), [("bal-enamel-mug", 4, 0, None, "/ None"), ("kaffe-pour-over", 1)])
    mugs.arrive(local(2026, 10, 9, 15, 2), local(2026, 10, 14, 12, 40))
    mugs.number = 10412
    boots = Order("return-open", local(2026, 10, 12, 18, 5), named("Tuttle"), [("tinde-mountain-boot", 1)])
    boots.arrive(local(2026, 10, 13, 15, 31), local(2026, 10, 16, 13, 8))
    boots.sends_back("OPEN", local(2026, 10, 29, 20, 15), [(boots.lines[0], 1)])
    boots.number = 11012
    Order("unfulfilled-fresh", ago(minutes=41), US[5]).waits("OPEN")
    ORDERS[-1].number = 11350
    Order("unfulfilled-fresh", ago(minutes=26), US[6], method="Express").waits("OPEN")
    ORDERS[-1].number = 11352


def orders():
    those_that_the_questions_name()
    for count, make in [
        (4, fresh), (5, older), (5, in_progress), (5, split_delivered_in_transit), (5, split_shipped_unshipped), (40, on_hold),
        (6, preorder), (5, label_only), (5, in_transit), (5, picked_up), (5, out_for_delivery), (5, attempted), (5, delayed),
        (5, pickup), (6, neighbour), (6, long_ago), (5, yesterday), (8, holiday), (5, lost_no_scan), (5, lost_failure),
        (5, not_delivered), (5, untracked), (5, cancelled_refunded), (5, cancelled_voided), (5, cancelled_fraud),
        (5, partially_refunded), (5, fully_refunded), (5, refund_pending), (5, returned_in_part), (5, return_requested),
        (5, return_open), (5, return_declined), (5, return_closed), (5, gift_card), (6, paid_by_gift_card),
        (5, payment("payment-pending", "PENDING", 0)), (5, payment("payment-partially-paid", "PARTIALLY_PAID", 40)),
        (5, payment("payment-authorized", "AUTHORIZED", 0)), (5, out_of_reach), (6, final_sale), (6, hygiene), (5, engraved),
        (5, fuel), (10, discounted), (7, canadian(PROVINCES, "province")), (5, canadian(NORTH, "territory")), (5, european),
        (5, same_item_twice),
    ]:
        for i in range(count):
            key = (make.__name__, i)
            TURN["regular"] = key in REGULAR_ORDERS
            make(i)
            TURN["regular"] = False
            overlay(ORDERS[-1], key)
    assert len(ORDERS) == 300, len(ORDERS)
    number_them()
    return [order.made() for order in sorted(ORDERS, key=lambda o: o.number)]


def number_them():
    """Numbers rise with time; those that the questions name are fixed, the others lie evenly between them."""
    ordered = sorted(ORDERS, key=lambda o: (o.created, o.number or 0))
    fixed = [(-1, 10000)] + [(i, o.number) for i, o in enumerate(ordered) if o.number]
    fixed.append((len(ordered), fixed[-1][1] + len(ordered) - fixed[-1][0]))
    for (i, low), (j, high) in zip(fixed, fixed[1:]):
        assert high - low >= j - i, f"{j - i} orders do not fit between {low} and {high}"
        for k in range(i + 1, min(j, len(ordered))):
            ordered[k].number = low + (high - low) * (k - i) // (j - i)


def finish_customers(made):
    credit = store_credit()
    for customer in CUSTOMERS:
        mine = [o for o in made if o.get("customer") == customer["id"]]
        spent = sum(cents(o["totalReceivedSet"]) - cents(o["totalRefundedSet"]) for o in mine)
        customer["numberOfOrders"] = str(len(mine))
        customer["amountSpent"] = {"amount": decimal(spent), "currencyCode": "USD"}
        customer["updatedAt"] = max([customer["createdAt"]] + [o["updatedAt"] for o in mine])
        if customer["id"] in credit:
            customer["storeCreditAccounts"] = credit[customer["id"]]
    return CUSTOMERS


def cents(bag):
    amount = bag if isinstance(bag, str) else bag["shopMoney"]["amount"]
    return round(float(amount) * 100)


# --- pages, policies, articles ---------------------------------------------------------------------------------------


def html(path):
    """The body of a page of ../pages as HTML: headings, lists, tables, paragraphs. Its front matter comes apart."""
    text = path.read_text(encoding="utf-8")
    front, body = {}, text
    if text.startswith("---"):
        _, head, body = text.split("---\n", 2)
        front = dict(line.split(": ", 1) for line in head.strip().splitlines())
    if path.suffix == ".html":
        heading = re.search(r"<h1>(.*?)</h1>", body)
        return {"title": heading.group(1) if heading else path.stem, **front}, body.strip()
    out = []
    for block in re.split(r"\n\s*\n", body.strip()):
        lines = block.splitlines()
        if lines[0].startswith("# "):
            continue
        if lines[0].startswith("#"):
            level = len(lines[0]) - len(lines[0].lstrip("#"))
            out.append(f"<h{level}>{inline(lines[0][level:])}</h{level}>")
        elif lines[0].startswith("|"):
            rows = [[inline(c) for c in line.strip("|").split("|")] for line in lines if not set(line) <= set("|- :")]
            head, *rest = ["".join(f"<{'th' if i == 0 else 'td'}>{c}</{'th' if i == 0 else 'td'}>" for c in row)
                           for i, row in enumerate(rows)]
            out.append(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{r}</tr>' for r in rest)}</tbody></table>")
        elif re.match(r"(-|\d+\.) ", lines[0]):
            tag = "ul" if lines[0].startswith("-") else "ol"
            items = "".join(f"<li>{inline(re.sub(r'^(-|[0-9]+[.]) ', '', line))}</li>" for line in lines)
            out.append(f"<{tag}>{items}</{tag}>")
        else:
            out.append(f"<p>{inline(' '.join(lines))}</p>")
    return front, "\n".join(out)


def inline(text):
    text = text.strip().replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)


def pages():
    made = []
    for i, name in enumerate(["contact.md", "holiday-2026.md", "trail-club.md", "gift-cards.html", "size-guide-footwear.md"]):
        front, body = html(DEMO / "pages" / name)
        changed = iso(local(*map(int, front.get("valid_from", "2026-01-01").split("-")), 9))
        made.append({"id": gid("Page", 900001 + i), "handle": front.get("url", name).rsplit("/", 1)[-1], "title": front["title"],
                     "body": body, "isPublished": True, "createdAt": changed, "publishedAt": changed, "updatedAt": changed})
    made.append({"id": gid("Page", 900100), "handle": "draft-spring-sale", "title": "Spring sale (draft)",
                 "body": "<p>Not yet decided: 15% off everything.</p>", "isPublished": False,
                 "createdAt": "2026-11-10T16:00:00Z", "updatedAt": "2026-11-10T16:00:00Z"})
    return made


def policies():
    made = []
    for i, (kind, title, name) in enumerate([
        ("REFUND_POLICY", "Refund policy", "returns.md"), ("SHIPPING_POLICY", "Shipping policy", "shipping-us.md"),
        ("PRIVACY_POLICY", "Privacy policy", "privacy.md"),
    ]):
        front, body = html(DEMO / "pages" / name)
        changed = iso(local(*map(int, front["valid_from"].split("-")), 9))
        made.append({"id": gid("ShopPolicy", 910001 + i), "type": kind, "title": title, "body": body,
                     "url": f"https://fjellvik.example/policies/{kind.lower().replace('_', '-')}", "createdAt": changed,
                     "updatedAt": changed})
    return made


def articles():
    return [
        {"id": gid("Article", 920001), "blog": {"id": gid("Blog", 930001), "handle": "journal"},
         "handle": "how-to-wax-a-jacket", "title": "How to wax a jacket",
         "body": "<p>Brush off the dirt and sponge the jacket with cold water. Warm the Voks Wax Bar in your hands, rub it in "
                 "along the seams first, and let a hair dryer draw it into the cotton.</p>", "isPublished": True,
         "publishedAt": "2026-09-15T14:00:00Z", "updatedAt": "2026-09-15T14:00:00Z", "tags": ["care", "waxed cotton"]},
        {"id": gid("Article", 920002), "blog": {"id": gid("Blog", 930001), "handle": "journal"},
         "handle": "packing-for-a-hut-tour", "title": "Packing for a hut tour",
         "body": "<p>A sleeping bag liner, slippers and a light down jacket are all that a warm hut asks for. Most of our "
                 "testers carry less than eight kilograms.</p>", "isPublished": True,
         "publishedAt": "2026-10-06T14:00:00Z", "updatedAt": "2026-10-20T09:30:00Z", "tags": ["hut tour"]},
    ]


def shop():
    return {
        "now": iso(NOW),
        "shop": {
            "id": gid("Shop", 75500001), "name": "Fjellvik Outfitters", "email": "help@fjellvik.example",
            "myshopifyDomain": "fjellvik.myshopify.com", "primaryDomain": {"url": "https://fjellvik.example"},
            "currencyCode": "USD", "ianaTimezone": "America/Chicago",
        },
        "access_token": "demo-token-that-opens-nothing", "client_id": "demo-client",
        "client_secret": "demo-secret-that-opens-nothing",
        "scopes": [
            "read_orders", "read_products", "read_inventory", "read_customers", "read_fulfillments",
            "read_merchant_managed_fulfillment_orders", "read_returns", "read_content", "read_legal_policies", "read_locations",
            "read_gift_cards", "read_store_credit_accounts", "write_orders", "write_returns",
        ],
    }


if __name__ == "__main__":
    made = orders()
    (OUT / "shop.json").write_text(json.dumps(shop(), indent=2) + "\n", encoding="utf-8")
    write("orders.jsonl", made)
    write("customers.jsonl", finish_customers(made))
    write("products.jsonl", PRODUCTS)
    write("collections.jsonl", collections())
    write("pages.jsonl", pages())
    write("policies.jsonl", policies())
    write("articles.jsonl", articles())
    write("gift_cards.jsonl", gift_cards(made))
