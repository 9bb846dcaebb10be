"""The sections of `docs/performance.md`, each made of the figures of one benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import cost, delay, join, quality, rivals, room_section, storm
from bench.parts import Check, Section, check_goals, image, markdown_table, number, wrapped
from bench.svg import Axis, Series, plot

SIZES = (50.0, 150.0, 300.0, 500.0, 1000.0, 2000.0)
MICROSECONDS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0)
QUALITY_NAMES = ("phase", "pictures/s", "frozen %", "concealed sound %", "lines")


POINT_NAMES = {
    "ratio": "packets that arrive ÷ due",
    "us_per_packet": "µs of CPU a packet",
    "lag_p99_ms": "event loop's lag, p99, ms",
    "rss_kb_per_subscriber": "memory a subscriber, kB",
    "join_cpu_ms": "CPU of a join, ms",
}


def growing(title: str, name: str, intro: str) -> Callable[[Mapping[str, Any]], Section]:
    """Returns what makes the section of a growing lecture."""

    def make(figures: Mapping[str, Any]) -> Section:
        points = figures["points"]
        head = ("subscribers", "packets/s out", "a core, %", *POINT_NAMES.values())
        rows = [
            [point[name] for name in ("subscribers", "out_pps", "cpu_percent", *POINT_NAMES)]
            for point in points
        ]
        costs = Series(
            "µs of CPU a packet", [(point["subscribers"], point["us_per_packet"]) for point in points]
        )
        drawn = plot(
            f"{title}: what a forwarded packet costs",
            Axis("subscribers", _ticks(points), is_logarithmic=len(points) > 1),
            Axis("µs"),
            [costs],
            goal=("goal at 2,000: 2.9 µs", 2.9),
        )
        checks = []
        for point in points:
            if point["subscribers"] in (cost.LARGE, cost.LARGEST):
                prefix = f"{title.lower()}, {point['subscribers']:,}: "
                checks += check_goals(prefix, point, cost.goals(point["subscribers"]), POINT_NAMES)
        text = f"{wrapped(intro)}\n\n{image(name, drawn_words(costs))}\n\n{markdown_table(head, rows)}"
        return Section(title, text, checks, {name: drawn})

    return make


def _ticks(points: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    sizes = {point["subscribers"] for point in points}
    return tuple(size for size in SIZES if size in sizes) or tuple(sorted(sizes))


def drawn_words(series: Series) -> str:
    """Says in words what a plot shows, for who cannot see it."""
    (first, high), (last, low) = series.points[0], series.points[-1]
    return f"{series.name}: {number(high)} at {number(first)}, {number(low)} at {number(last)}"


def rivalry(figures: Mapping[str, Any]) -> Section:
    """Returns the section of the comparison with Janus."""
    points = figures["points"]
    names = list(dict.fromkeys(point["sfu"] for point in points))
    lines = [
        Series(
            name, [(point["subscribers"], point["us_per_packet"]) for point in points if point["sfu"] == name]
        )
        for name in names
    ]
    drawn = plot(
        "What a forwarded packet costs, beside Janus",
        Axis("subscribers", _ticks(points), is_logarithmic=len(lines[0].points) > 1),
        Axis("µs", MICROSECONDS, is_logarithmic=True),
        lines,
    )
    head = ("", "subscribers", "µs of CPU a packet", "a core, %", "packets that arrive ÷ due", "times ours")
    keys = ("sfu", "subscribers", "us_per_packet", "cpu_percent", "received_ratio", "times_ours")
    last = [point for point in points if point["sfu"] == names[1]][-1]
    check = Check(
        f"{last['subscribers']:,} subscribers: what a packet costs in Janus ÷ here",
        last["times_ours"],
        rivals.GOAL,
    )
    intro = wrapped(
        f"""Debian's Janus {figures["janus"]} (VideoRoom, as Debian configures it but with ICE-lite; once
        more with as many event loops as there are cores, which suits it better), the same publisher, the
        same counting clients. All are up at once and play in turns; the first round is thrown away, the
        medians of the others are told."""
    )
    rows = [[point[key] for key in keys] for point in points]
    words = "; ".join(map(drawn_words, lines))
    text = f"{intro}\n\n{image('janus', words)}\n\n{markdown_table(head, rows)}"
    return Section("Beside Janus", text, [check], {"janus": drawn})


STORM_NAMES = {
    "picture_p95_ms": "time to the first whole keyframe, p95, ms",
    "joiners_without_picture": "joiners without a picture",
    "keyframe_requests_in_a_second": "keyframe requests to the publisher in the busiest second",
    "received_ratio_inside": "packets that reach those already in ÷ due",
}


def storming(figures: Mapping[str, Any]) -> Section:
    """Returns the section of the join storm."""
    seen = figures["storm"]
    intro = wrapped(
        f"""{seen["joined"]:,} subscribers join within {number(seen["span_s"])} s a lecture that goes on
        before {seen["inside"]:,} others. From asking for an offer to the last packet of the first keyframe:
        p50 {number(seen["picture_p50_ms"])} ms, p95 {number(seen["picture_p95_ms"])} ms, at most
        {number(seen["picture_max_ms"])} ms. The relay used {number(seen["relay_cpu_percent"])} % of a core;
        the publisher made {number(seen["keyframes_per_s"])} keyframes a second."""
    )
    curve = [(value, share) for share, value in seen["picture_quantiles"]]
    drawn = plot(
        "Join storm: who has a picture, and when",
        Axis("ms since asking"),
        Axis("% of the joiners"),
        [Series("with a picture", curve)],
    )
    head = ("seconds since a keyframe", "to replay its group of pictures, kbit", "one keyframe, kbit")
    rows = [
        [entry[key] for key in ("seconds_after", "replay_kbit", "keyframe_kbit")]
        for entry in figures["replay"]
    ]
    words = f"half after {number(seen['picture_p50_ms'])} ms"
    replays = "To replay the running group of pictures to a joiner instead would take, with this footage:"
    text = f"{intro}\n\n{image('storm', words)}\n\n{replays}\n\n{markdown_table(head, rows)}"
    return Section(
        "Join storm", text, check_goals("join storm: ", seen, storm.GOALS, STORM_NAMES), {"storm": drawn}
    )


def delaying(figures: Mapping[str, Any]) -> Section:
    """Returns the section of the delay that the relay adds."""
    kinds = {"all": "", "sound": "sound_", "pictures": "pictures_"}
    rows = [
        (kind, *(figures[f"{prefix}{name}_ms"] for name in ("p50", "p90", "p99")))
        for kind, prefix in kinds.items()
    ]
    intro = wrapped(
        f"""From the publisher's `send` to the kernel's receive stamp at {figures["probes"]} subscribers
        spread over {figures["subscribers"]:,}. To serve them all takes a while of its own: who is last
        waits for all others, and the order rotates."""
    )
    text = f"{intro}\n\n{markdown_table(('ms', 'p50', 'p90', 'p99'), rows)}"
    names = {"p50_ms": "delay added, p50, ms", "p99_ms": "delay added, p99, ms"}
    prefix = f"{figures['subscribers']:,} subscribers: "
    return Section("Forwarding delay", text, check_goals(prefix, figures, delay.GOALS, names))


QUALITY_GOALS = {
    "lossy_fps": "5 % loss, 60 ms RTT: pictures/s of 30",
    "lossy_frozen_percent": "5 % loss, 60 ms RTT: frozen, % of the time",
    "narrow_fps": "300 kbps: pictures/s of 30",
    "narrow_frozen_percent": "300 kbps: frozen, % of the time",
    "narrow_concealed_percent": "300 kbps: sound concealed, %",
    "wide_again_s": "after 300 kbps: back at the best layer, s",
    "calm_again_s": "after 10 s of 30 % loss: as many pictures again, s",
    "neighbour_fps": "another student meanwhile: pictures/s of 30",
    "neighbour_frozen_percent": "another student meanwhile: frozen, % of the time",
}


def lines_of_quality(told: Mapping[str, Any]) -> Section:
    """Returns the section of bad lines."""
    figures, marks = told["figures"], [(str(index + 1), begin) for index, begin in enumerate(told["begins"])]
    fps = plot(
        "Pictures a second while the line changes",
        Axis("seconds"),
        Axis("pictures/s"),
        [Series("on the changing line", told["fps"]), Series("another student", told["neighbour_fps"])],
        marks=marks,
    )
    height = plot(
        "Lines of the picture that is shown",
        Axis("seconds"),
        Axis("lines"),
        [Series("on the changing line", told["height"])],
        marks=marks,
    )
    rows = [
        [
            f"{index + 1}. {entry['phase']}",
            *(entry[key] for key in ("fps", "frozen_percent", "concealed_percent", "height")),
        ]
        for index, entry in enumerate(told["phases"])
    ]
    intro = wrapped(
        """Real Chromium. One student's packets go through a proxy that loses, delays and limits them by a
        seed; the other student's do not. The camera makes 30 pictures a second, all on one machine that
        encodes, relays and decodes at once. The figures of a phase are those of its end, once it has
        settled."""
    )
    images = f"{image('quality', 'pictures a second over time')}\n\n{image('layers', 'lines over time')}"
    text = f"{intro}\n\n{images}\n\n{markdown_table(QUALITY_NAMES, rows)}"
    checks = check_goals("", figures, quality.GOALS, QUALITY_GOALS)
    return Section("Bad lines", text, checks, {"quality": fps, "layers": height})


def joining(figures: Mapping[str, Any]) -> Section:
    """Returns the section of what a student waits for in a browser."""
    ways = {
        "through Lectern, pictures alone": "glass",
        "browser to browser, pictures alone": "direct",
        "through Lectern, with sound": "glass_with_sound",
        "browser to browser, with sound": "direct_with_sound",
    }
    rows = [(way, figures[f"{key}_median_ms"], figures[f"{key}_p95_ms"]) for way, key in ways.items()]
    intro = wrapped(
        f"""From a click on Join to the first picture, {figures["joins"]} times: median
        {number(figures["join_median_ms"])} ms, p95 {number(figures["join_p95_ms"])} ms. How old a picture
        is when it is shown (with sound a browser holds pictures back until their sound is due):"""
    )
    text = f"{intro}\n\n{markdown_table(('ms', 'median', 'p95'), rows)}"
    names = {
        "join_median_ms": "click on Join to picture, median, ms",
        "glass_median_ms": "glass to glass, median, ms",
        "glass_p95_ms": "glass to glass, p95, ms",
    }
    return Section("In the browser", text, check_goals("", figures, join.GOALS, names))


SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Section]] = {
    "cost_deaf": growing(
        "One core, clients that do not read",
        "cost",
        """One relay, one publisher of 1 Mbps (VP8 at 30 pictures/s and Opus, about 175 packets/s), a
        lecture that grows. The clients have real ICE and DTLS and send the reports and checks of browsers,
        but leave media to the kernel, which drops it: so all that the relay does is measured where this
        machine could not also receive it. Memory is what the relay has grown by.""",
    ),
    "cost_counting": growing(
        "One core, clients that count",
        "counting",
        """The same with clients that read and count every packet, as far as this machine can feed them: it
        stops after the first size at which less than 0.999 arrive.""",
    ),
    "rivals": rivalry,
    "delay": delaying,
    "storm": storming,
    "quality": lines_of_quality,
    "join": joining,
    "room": room_section.EMBEDDED,
    "room_on_servers": room_section.ON_SERVERS,
}
"""By the names of the files under `var/bench/`, in the order of the page."""
