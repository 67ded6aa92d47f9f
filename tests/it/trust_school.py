"""Five made-up secondary schools of one trust over an autumn: each blocks other sites, and pupils' habits differ.

Usage: trust_school.py FOLDER. Writes for each school S a filter log with decisions (log-S.csv), people-S.csv and, for all,
sites.csv. In the first school staff override blocks. The same bytes each time.
"""

import datetime as dt
import pathlib
import random
import sys

folder = pathlib.Path(sys.argv[1])
SCHOOLS = ["ash", "birch", "cedar", "elm", "fir"]
PUPILS = 160
# Harmless sites that schools filter in their own ways, and two that all block.
SITES = [f"reading-{number}.org.uk" for number in range(14)]
THEMES = {"spin-one.co.uk": "GAMBLE", "leaf-one.co.uk": "DRUGS"}
(folder / "sites.csv").write_text(
    "site,common_code\n" + "".join(f"{site},EDU\n" for site in SITES)
    + "".join(f"{site},{code}\n" for site, code in THEMES.items()))

days, day = [], dt.date(2025, 9, 1)
while day <= dt.date(2025, 12, 19):
    if day.weekday() < 5 and not dt.date(2025, 10, 25) <= day <= dt.date(2025, 11, 2):
        days.append(day)
    day += dt.timedelta(days=1)

for place, school in enumerate(SCHOOLS):
    chance = random.Random(school)
    people = ["person_key,accounts,year,role"]
    people += [f"P{number:03},{school}{number:03},{7 + number % 5},pupil" for number in range(PUPILS)]
    people += [f"S{number},{school}-s{number},,{'head' if number == 0 else 'staff'}" for number in range(9)]
    (folder / f"people-{school}.csv").write_text("\n".join(people) + "\n")
    # By key stage: what is blocked always, half of the time (it was opened), or never.
    stance = {(site, stage): chance.choice(["open", "open", "blocked", "mixed"]) for site in SITES for stage in (3, 4)}
    gamblers = {number for number in range(PUPILS) if chance.random() < [0.1, 0.12, 0.45, 0.15, 0.3][place]}
    rows = []

    def seen(moment, user, site, action):
        rows.append((moment, f"{moment:%Y-%m-%d %H:%M:%S},{user},http://{site}/p,{site},{action},3"))

    for at, day in enumerate(days):
        for number in range(PUPILS):
            if chance.random() < 0.1:
                continue
            moment = dt.datetime.combine(day, dt.time(9, chance.randrange(55), chance.randrange(60)))
            site = chance.choice(SITES)
            word = stance[(site, 3 if number % 5 < 3 else 4)]
            blocked = word == "blocked" or (word == "mixed" and chance.random() < 0.5)
            seen(moment, f"{school}{number:03}", site, "Blocked" if blocked else "Allowed")
            if number in gamblers and chance.random() < 0.05:
                seen(moment + dt.timedelta(hours=1), f"{school}{number:03}", "spin-one.co.uk", "Blocked")
            if chance.random() < 0.002:
                seen(moment + dt.timedelta(hours=2), f"{school}{number:03}", "leaf-one.co.uk", "Blocked")
        if school != "ash" or at % 3:
            continue
        # Members 1 to 7 hold the right to override, and 8 does not; a late override and another site's are none.
        for number in range(1, 9):
            moment = dt.datetime.combine(day, dt.time(11, number))
            site = chance.choice(SITES[:4])
            seen(moment, f"{school}-s{number}", site, "Blocked")
            habit = chance.random()
            if number < 8 and habit < 0.12 * number:
                seen(moment + dt.timedelta(minutes=chance.choice([1, 5, 14])), f"{school}-s{number}", site, "Bypassed")
            elif number < 8 and habit > 0.9:
                seen(moment + dt.timedelta(minutes=16), f"{school}-s{number}", site, "Bypassed")
            elif number < 8 and habit > 0.85:
                seen(moment + dt.timedelta(minutes=2), f"{school}-s{number}", SITES[9], "Bypassed")
    rows.sort()
    (folder / f"log-{school}.csv").write_text(
        "Time,Username,URL,Domain,Action,Log level\n" + "\n".join(text for _, text in rows) + "\n")
