"""What every page owes everybody: nothing for axe to find, and no scrolling sideways."""

from __future__ import annotations

import json

from playwright.sync_api import Page
from rig.server import ROOT

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

RUN_AXE = """
async () => {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
  const found = await axe.run(document, { runOnly: rules });
  const html = (rule) => rule.nodes.map((node) => node.html);
  const violations = found.violations.map((rule) => [rule.id, rule.help, html(rule)]);
  return { passes: found.passes.length, violations };
}
"""


def assert_accessible(page: Page, state: str) -> None:
    """Axe has nothing to complain about."""
    # As a script of the test's own world: the page's Content-Security-Policy stays as it is.
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text() + "\n;0")
    found = page.evaluate(RUN_AXE)
    if found["violations"]:
        # A colour on its way from one state to the next is none: what is still there a moment later counts.
        page.wait_for_timeout(400)
        found = page.evaluate(RUN_AXE)
    assert found["passes"] > 5, state
    assert found["violations"] == [], f"{state}: {json.dumps(found['violations'], indent=1)[:3000]}"


def assert_fits(page: Page, state: str) -> None:
    """Nothing is wider than the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{state} is {wide} px too wide"
