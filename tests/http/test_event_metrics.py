"""Metrics of events: bids by result, times by bucket, resumes, all as a scrape reads them."""

from __future__ import annotations

from trio.testing import MockClock

from saleroom.actors.figures import Times
from tests.http.house import open_house


def test_times_fall_into_the_bucket_that_holds_them() -> None:
    times = Times((0.001, 0.01))
    for seconds, count in ((0.001, 1), (0.002, 3), (5.0, 1)):
        times.note(seconds, count)
    assert list(times.buckets()) == [("0.001", 1), ("0.01", 4), ("+Inf", 5)]
    assert times.total_s == 0.001 + 0.006 + 5.0


async def test_a_scrape_tells_what_became_of_bids(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent", opening=10_000, ends_at=4_000_000_000_000)
        assert (await house.command(event, "ann", "place_bid", lot=1, amount=10_000)).status == 200
        low = await house.command(event, "ann", "place_bid", lot=1, amount=10_000)
        assert low.code == "BID_TOO_LOW"
        text = (await house.call("GET", "/metrics")).body.decode()
    for result in ("accepted", "BID_TOO_LOW"):
        labels = f'event="{event}",result="{result}",source="online"'
        assert f"saleroom_bids_total{{{labels}}} 1.0" in text
    kind = f'event="{event}",result="accepted",type="open_event"'
    assert f"saleroom_commands_total{{{kind}}} 1.0" in text
    for name in ("decision", "commit"):
        (count,) = [
            line.rpartition(" ")[2]
            for line in text.splitlines()
            if line.startswith(f'saleroom_{name}_seconds_count{{event="{event}"}}')
        ]
        assert float(count) >= 4
    assert f'saleroom_outbox_bytes{{event="{event}"}} 0.0' in text
    labels = 'method="POST",route="/api/v1/events/<event>/commands",status="409"'
    assert f"saleroom_http_requests_total{{{labels}}} 1.0" in text
