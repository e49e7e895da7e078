"""Referral coupons: who made them, what they give, how often they were used."""

from datetime import timedelta

from bookings.models import ReferralCoupon, ReferralUsage
from demo.school.rhythm import or_epoch
from demo.school.school import School
from users.models import TelegramUser

# Code, name, percent, activations allowed, active, how many days ago it was made, how popular it is.
COUPONS = (
    ("DRUG10", "Приведи друга", 10, 500, 1, 330, 30),
    ("VYPUSK20", "Чат выпускников", 20, 120, 1, 300, 18),
    ("BLOG30", "Блог Сергея", 30, 40, 1, 210, 12),
    ("VESNA15", None, 15, 100, 0, 260, 6),
    ("HACK50", "Победители хакатона", 50, 8, 1, 75, 4),
    ("TEAM100", "Команда и преподаватели", 100, 5, 1, 330, 1),
    ("LETO20", "Летний набор", 20, 60, 0, 170, 9),
    ("NOYABR25", "Ноябрьский эфир", 25, 50, 1, 20, 8),
    ("NOBODY10", "Ещё никто не использовал", 10, 25, 1, 9, 0),
    ("<b>XSS</b>", '"><img src=x onerror=alert(1)>', 10, 3, 0, 100, 0.5),
)
OVER_LIMIT = "BLOG30"  # the bot counts late, so more people got in than were allowed


def make_coupons(school: School, owner: TelegramUser) -> None:
    """Put the coupons into the school; their use is counted in ``count_usage``."""
    for number, (code, name, percent, allowed, active, days_ago, _) in enumerate(COUPONS, start=1):
        made_at = school.now - timedelta(days=days_ago, minutes=school.dice.randrange(600))
        coupon = ReferralCoupon(
            id=number,
            code=code,
            name=name,
            discount_percent=percent,
            max_activations=school.scaled(allowed),
            created_by=owner.user_id,
            created_at=made_at,
            is_active=active,
        )
        school.coupons.append(coupon)
        school.record(owner, "referral_created", made_at, {"code": code, "discount_percent": percent})


def give_discounts(school: School) -> None:
    """Let some people book with a coupon, and some with a discount that nobody wrote a code for."""
    used: set[tuple[str, int]] = set()
    for booking in school.bookings:
        # The bot wrote NULL before it knew discounts.
        booking.discount_percent = None if school.chance(0.12) else 0
        if booking.created_at is None or not school.chance(0.34):
            continue
        if school.chance(0.16):
            booking.discount_percent = school.dice.choice((10, 10, 15, 25))
            continue
        offered = [
            (coupon, popularity)
            for coupon, (*_, popularity) in zip(school.coupons, COUPONS, strict=True)
            if or_epoch(coupon.created_at) < booking.created_at and (coupon.code, booking.telegram_user_id) not in used
        ]
        if not offered or not any(weight for _, weight in offered):
            continue
        coupon = school.pick(offered)
        used.add((coupon.code, booking.telegram_user_id))
        booking.referral_code, booking.discount_percent = coupon.code, coupon.discount_percent
        school.coupon_usages.append(
            ReferralUsage(
                coupon=coupon, telegram_user=booking.telegram_user, booking=booking, used_at=booking.created_at
            )
        )
        school.record(
            booking.telegram_user,
            "referral_code_used",
            booking.created_at - timedelta(seconds=school.dice.uniform(20, 200)),
            {"code": coupon.code, "discount_percent": coupon.discount_percent},
        )


def count_usage(school: School) -> None:
    """Write how often each coupon was used."""
    for coupon in school.coupons:
        used = sum(usage.coupon is coupon for usage in school.coupon_usages)
        coupon.current_activations = used
        if coupon.code == OVER_LIMIT:
            coupon.max_activations = used * 2 // 3
