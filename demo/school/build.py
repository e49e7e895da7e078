"""Puts the demo school together, in the order in which one thing needs the other."""

from datetime import datetime
from random import Random

from demo.school.broadcasts import send_broadcasts
from demo.school.conversations import hold_conversations
from demo.school.coupons import count_usage, give_discounts, make_coupons
from demo.school.hackathon import hold_hackathon
from demo.school.journeys import walk_all_journeys
from demo.school.leads import hire_administrators, visit_just_now, warm_up_leads
from demo.school.oddities import add_oddities
from demo.school.payments import set_prices, take_payments
from demo.school.rhythm import or_epoch
from demo.school.school import School
from demo.school.streams import plan_streams
from demo.school.waiting import let_payments_wait


def build_school(*, seed: int, people: int, now: datetime) -> School:
    """Invent a school of about ``people`` people as it stands at ``now``; the same arguments give the same school."""
    school = School(dice=Random(seed), now=now, people_wanted=people)
    plan_streams(school)
    set_prices(school)
    owner = hire_administrators(school)
    # The oddities bring some forty people of their own.
    walk_all_journeys(school, people=max(people - 50, 10))
    warm_up_leads(school)
    visit_just_now(school)
    make_coupons(school, owner)
    give_discounts(school)
    count_usage(school)
    add_oddities(school)
    hold_hackathon(school)
    hold_conversations(school)
    send_broadcasts(school)
    let_payments_wait(school)
    _number_bookings(school)
    _number_the_rest(school)
    take_payments(school)
    return school


def _number_bookings(school: School) -> None:
    """Number the bookings in the order in which they were made, and name them in what refers to them."""
    school.bookings.sort(key=lambda booking: or_epoch(booking.created_at))
    for number, booking in enumerate(school.bookings, start=1):
        booking.pk = number
    for usage in school.coupon_usages:
        usage.booking_id = usage.booking.pk if usage.booking else None
    for details, booking in school.details_of_bookings:
        details["booking_id"] = booking.pk


def _number_the_rest(school: School) -> None:
    school.events.sort(key=lambda event: or_epoch(event.created_at))
    school.coupon_usages.sort(key=lambda usage: or_epoch(usage.used_at))
    school.lessons.sort(key=lambda lesson: or_epoch(lesson.registered_at))
    school.hackathon.sort(key=lambda registration: or_epoch(registration.created_at))
    for rows in (school.events, school.coupon_usages, school.lessons, school.hackathon, school.recipients):
        for number, row in enumerate(rows, start=1):
            row.pk = number
