"""The customers of the sample CRM. Numbers are from the ranges that France reserves for fiction."""

from __future__ import annotations

from typing import TypedDict


class Customer(TypedDict):
    id: str
    first_name: str
    last_name: str
    tier: str
    company: str
    phone: str


VIP_PHONE = "+33639980101"
VIP_ID = "C-1001"

_ROWS = (
    ("C-1001", "Hélène", "Marchand", "gold", "Ateliers Marchand", VIP_PHONE),
    ("C-1002", "Karim", "Benali", "standard", "", "+33639980102"),
    ("C-1003", "Sophie", "Lefèvre", "standard", "Lefèvre & Filles", "+33639980103"),
    ("C-1004", "Antoine", "Rousseau", "gold", "Transports Rousseau", "+33639980104"),
    ("C-1005", "Mai", "Nguyen", "standard", "", "+33639980105"),
    ("C-1006", "Lucas", "Girard", "standard", "Boulangerie Girard", "+33639980106"),
    ("C-1007", "Fatou", "Diallo", "gold", "Diallo Conseil", "+33639980107"),
    ("C-1008", "Élodie", "Perrin", "standard", "", "+33639980108"),
    ("C-1009", "Marc", "d’Aubigné", "standard", "Cave d’Aubigné", "+33199000009"),
    ("C-1010", "Inès", "Moreau", "gold", "Clinique Moreau", "+33199000010"),
    ("C-1011", "Jean-Baptiste", "Caron", "standard", "", "+33199000011"),
    ("C-1012", "Zoé", "Le Goff", "standard", "Le Goff Nautisme", "+33199000012"),
)

CUSTOMERS: tuple[Customer, ...] = tuple(
    Customer(id=row[0], first_name=row[1], last_name=row[2], tier=row[3], company=row[4], phone=row[5]) for row in _ROWS
)
