from __future__ import annotations

from media_relay.core.lease import Lease


def test_permits_are_good_for_so_long_without_the_web_tier() -> None:
    lease = Lease(300, now=1000)
    assert not lease.is_over(1299.9)
    assert lease.is_over(1300)


def test_the_web_tier_s_return_renews_the_lease_even_when_it_was_over() -> None:
    lease = Lease(300, now=1000)
    lease.renew(1290)
    assert not lease.is_over(1589)
    assert lease.is_over(1590)
    lease.renew(1600)
    assert not lease.is_over(1600)
