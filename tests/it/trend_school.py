"""A made-up school of two autumns with known habits: 60 pupils, three sorts of blocked sites, one pupil who
keeps trying, evenings and Saturdays, incidents, a step in November of the second year.

Usage: trend_school.py FOLDER. Writes squid logs by month (squid-YYYY-MM.log), people-YYYY.csv, incidents.csv,
sites.csv, networks.csv and rebase.csv. The same bytes each time.
"""

import datetime as dt
import pathlib
import random
import sys
import zoneinfo

folder = pathlib.Path(sys.argv[1])
london = zoneinfo.ZoneInfo("Europe/London")
chance = random.Random(7)

(folder / "sites.csv").write_text(
    "site,common_code\npages-one.org.uk,EDU\nhop-one.org.uk,BYPASS\nleaf-one.org.uk,DRUGS\nquiet-one.org.uk,SELFHARM\n")
(folder / "networks.csv").write_text("cidr,network,kind\n10.1.0.0/16,Main site,site\n0.0.0.0/0,Home,off-site\n")
(folder / "rebase.csv").write_text("date,reason,who,theme\n2025-11-03,another filter,head of IT,\n")

years = {2024: [], 2025: []}
for number in range(60):
    for first in years:
        years[first].append((f"P{number:03}", f"user{number:03}", 7 if number % 2 else 10))
for first, people in years.items():
    lines = ["person_key,accounts,year,role,mis_name"]
    lines += [f"{key},{account},{year},pupil,Pupil {key}" for key, account, year in people]
    (folder / f"people-{first}.csv").write_text("\n".join(lines) + "\n")


def weeks(first):
    monday = dt.date(first, 9, 9 if first == 2024 else 8)
    while monday <= dt.date(first, 12, 9):
        if not monday.month == 10 or monday.day < 25:
            yield monday
        monday += dt.timedelta(days=7)


def line(when, result, user, host, path):
    """From 10.1.2.3 in school, from the pupil's home after six and at weekends."""
    status = {"TCP_MISS": 200, "TCP_DENIED": 403}[result]
    stamp = f"{when.timestamp():.3f}"
    address = "198.51.100.7" if when.hour >= 18 or when.weekday() > 4 else "10.1.2.3"
    return (stamp, f"{stamp} 12 {address} {result}/{status} 900 GET http://{host}/{path} {user} HIER_DIRECT/192.0.2.7 text/html")


lines = []


def at(day, hour, minute, second=0):
    return dt.datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=london)


for first, people in years.items():
    for monday in weeks(first):
        for weekday in range(6):
            day = monday + dt.timedelta(days=weekday)
            after = day >= dt.date(2025, 11, 3)
            for index, (_, user, year) in enumerate(people):
                if chance.random() > (0.85 if weekday < 5 else 0.1):
                    continue
                minute = chance.randrange(0, 50)
                lines.append(line(at(day, 9, minute), "TCP_MISS", user, "pages-one.org.uk", f"a{index}"))
                lines.append(line(at(day, 11, minute), "TCP_MISS", user, "pages-one.org.uk", f"b{index}"))
                bypass = (0.10 if year == 10 else 0.05) * (2.2 if after else 1.0)
                for site, share in (("hop-one.org.uk", bypass), ("leaf-one.org.uk", 0.025), ("quiet-one.org.uk", 0.002)):
                    if chance.random() < share:
                        hour = 10 if weekday < 5 else 21
                        for attempt in range(chance.randrange(1, 4)):
                            lines.append(line(at(day, hour, minute + 2 * attempt), "TCP_DENIED", user, site, f"c{attempt}"))
                if index == 5 and weekday < 5 and chance.random() < 0.3:
                    for attempt in range(6):
                        lines.append(line(at(day, 13, attempt * 2), "TCP_DENIED", user, "leaf-one.org.uk", f"d{attempt}"))
                if chance.random() < 0.04:
                    lines.append(line(at(day, 19, minute), "TCP_MISS", user, "pages-one.org.uk", f"e{index}"))
                    if chance.random() < 0.3:
                        lines.append(line(at(day, 19, minute, 30), "TCP_DENIED", user, "hop-one.org.uk", f"f{index}"))
lines.sort()
by_month = {}
for stamp, text in lines:
    month = dt.datetime.fromtimestamp(float(stamp), dt.timezone.utc).strftime("%Y-%m")
    by_month.setdefault(month, []).append(text)
for month, texts in by_month.items():
    (folder / f"squid-{month}.log").write_text("\n".join(texts) + "\n")

rows = ["Incident ID,Date,Student,Category,Status,Linked Students,Incident"]
for number, (day, pupil) in enumerate([
        ("15/10/2025", 5), ("16/10/2025", 8), ("04/11/2025", 10), ("12/11/2025", 5), ("09/09/2025", 14), ("20/11/2025", 20)]):
    rows.append(f"{number},{day} 10:05,Pupil P{pupil:03},Online safety,Open,,Seen; talked to.")
(folder / "incidents.csv").write_text("\n".join(rows) + "\n")
