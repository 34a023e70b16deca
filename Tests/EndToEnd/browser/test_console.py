"""The console in a real browser, from a fresh setup to the findings of an upload."""
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import archives  # noqa: E402
import images  # noqa: E402
from trial import CHECKOUT  # noqa: E402

ARTIFACTS = CHECKOUT / "test-artifacts"
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, request):
    """A page that fails its test on any script error, refused resource or dialog."""
    context = browser.new_context(**getattr(request, "param", LOOKS["light"]))
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    # A refused request is logged too; refusals are part of some tests, broken policies and scripts of none.
    page.on("console", lambda message: complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text else None)
    yield page
    context.close()
    assert complaints == []


def shoot(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"console-{name}.png", full_page=True)


def finish_setup(page: Page, trial) -> None:
    """Through the page where setup is still open; otherwise there is nothing to do."""
    page.goto(trial.url)
    expect(page.get_by_role("heading", name=re.compile("Set up Bedplate|Sign in"))).to_be_visible()
    if page.get_by_role("heading", name="Sign in").is_visible():
        return
    page.get_by_label("Setup token").fill("not the token")
    page.get_by_role("button", name="Finish setup").click()
    expect(page.get_by_role("alert")).to_contain_text("setup token is wrong")
    shoot(page, "setup")
    page.get_by_label("Setup token").fill(trial.setup_token)
    page.get_by_role("button", name="Finish setup").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in(page: Page, trial) -> None:
    page.goto(trial.url)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(trial.admin_password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def upload(page: Page, name: str, archive: bytes) -> None:
    page.get_by_role("link", name="New scan").first.click()
    page.locator("input[type=file]").set_input_files(
        files=[{"name": name, "mimeType": "application/zip", "buffer": archive}])
    expect(page.get_by_role("heading", name=name)).to_be_visible()


@pytest.fixture(scope="module")
def planted(trial, browser):
    """A platform that was set up in the browser and the content of an archive with planted secrets."""
    page = browser.new_context(**LOOKS["light"]).new_page()
    finish_setup(page, trial)
    page.context.close()
    return archives.planted()


def test_wrong_password_is_refused_and_without_a_session_there_is_only_sign_in(page, trial, planted):
    page.goto(trial.url + "/#/scans")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong username or password")
    shoot(page, "sign-in")


@pytest.mark.parametrize("page", LOOKS.values(), ids=LOOKS.keys(), indirect=True)
def test_an_upload_ends_in_the_planted_findings(page, trial, planted, request):
    look = request.node.callspec.id
    files, expected, secrets = planted
    sign_in(page, trial)
    upload(page, "planted.zip", archives.made_of(files))
    rows = page.locator("table.findings tbody tr")
    expect(rows).to_have_count(len(expected), timeout=30_000)
    found = set()
    for row in rows.all():
        path, line, _ = row.locator(".path").inner_text().rsplit(":", 2)
        found.add((path, int(line), row.locator(".rule").inner_text()))
    assert found == expected
    for secret in secrets:
        assert secret not in page.content()
    expect(page.locator("#health")).to_contain_text("Healthy")
    expect(page.locator("#health")).to_contain_text("slot")
    shoot(page, f"findings-{look}")
    page.get_by_role("link", name="Scans").first.click()
    expect(page.get_by_role("link", name="planted.zip").first).to_be_visible()
    shoot(page, f"scans-{look}")


def test_the_severity_filter_shows_only_that_severity(page, trial, planted):
    sign_in(page, trial)
    upload(page, "filtered.zip", archives.made_of(planted[0]))
    severities = page.locator("table.findings tbody .severity")
    expect(severities).to_have_count(len(planted[1]), timeout=30_000)
    everything = severities.all_inner_texts()
    for severity in set(everything):
        chip = page.get_by_role("group", name="Severity").get_by_role("button", name=severity)
        chip.click()
        expect(chip).to_have_attribute("aria-pressed", "true")
        assert severities.all_inner_texts() == [severity] * everything.count(severity)
    page.get_by_role("group", name="Severity").get_by_role("button", name="All").click()
    expect(severities).to_have_count(len(everything))


def test_a_hostile_file_name_is_shown_and_not_run(page, trial, planted):
    files = {"<img src=x onerror=alert(1)>.sh": planted[0]["planted/deploy.sh"]}
    sign_in(page, trial)
    upload(page, "<b onmouseover=alert(2)>.zip", archives.made_of(files))
    expect(page.locator("table.findings .path")).to_contain_text("<img src=x onerror=alert(1)>.sh", timeout=30_000)
    assert page.locator("main img, main h1 b").count() == 0


def test_an_image_is_chosen_by_its_kind_and_the_scan_shows_which_image_it_is(page, trial, planted):
    sign_in(page, trial)
    page.get_by_role("link", name="New scan").first.click()
    page.get_by_label("Container image").check()
    expect(page.get_by_text("Choose an image as docker save writes it")).to_be_visible()
    archive = images.docker_save(*images.planted(), name="<i>planted</i>:1")
    page.locator("input[type=file]").set_input_files(
        files=[{"name": "planted.tar", "mimeType": "application/x-tar", "buffer": archive}])
    expect(page.get_by_role("heading", name="planted.tar")).to_be_visible()
    expect(page.get_by_text("<i>planted</i>:1, linux/amd64, sha256:")).to_be_visible(timeout=30_000)
    rows = page.locator("table.findings tbody tr")
    expect(rows).to_have_count(len(images.FACTS), timeout=30_000)
    assert {(row.locator(".rule").inner_text()) for row in rows.all()} == {rule for rule, _ in images.FACTS}
    assert images.KEY not in page.content()
    shoot(page, "image")


def test_a_broken_archive_ends_in_a_sentence(page, trial, planted):
    sign_in(page, trial)
    upload(page, "outside.zip", archives.made_of({"../../outside": "x"}))
    expect(page.locator(".status.failed")).to_be_visible(timeout=30_000)
    expect(page.locator(".error:visible")).to_contain_text("outside")
    shoot(page, "failed")


def test_an_ended_session_returns_to_sign_in(page, trial, planted):
    sign_in(page, trial)
    # The last request of the page before: afterwards only the click below asks.
    expect(page.locator(".user")).to_have_text("admin")
    page.evaluate("sessionStorage.setItem('bedplate.token', 'forged')")
    page.get_by_role("link", name="New scan").first.click()
    page.get_by_role("link", name="Scans").first.click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in(page, trial)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_list_of_scans_asks_again_without_complaint(page, trial, planted):
    page.clock.install()
    sign_in(page, trial)
    upload(page, "listed.zip", archives.made_of(planted[0]))
    page.get_by_role("link", name="Scans").first.click()
    expect(page.get_by_role("link", name="listed.zip").first).to_be_visible()
    row = page.locator("tr", has=page.get_by_role("link", name="listed.zip")).first
    for _ in range(20):
        page.clock.run_for(2_100)
        if row.locator(".status.completed").is_visible():
            break
    expect(row.locator(".status.completed")).to_be_visible()
    page.clock.run_for(2_100)
    expect(page.locator(".error:visible")).to_have_count(0)


def test_a_cloud_account_is_added_says_what_a_scan_needs_and_is_removed(page, trial, planted):
    secret = "not-a-secret-of-anybody-0123456789"  # bedplate:allow-secret
    sign_in(page, trial)
    page.get_by_role("link", name="Clouds").click()
    page.get_by_label("Name").fill("<b>mine</b>")
    page.get_by_label("Access key ID").fill("AKIAQQQQQQQQQQQQWXYZ")
    page.get_by_label("Secret access key").fill(secret)
    page.get_by_label("Regions").fill("nowhere")
    page.get_by_role("button", name="Add account").click()
    expect(page.get_by_role("alert")).to_contain_text("as in eu-central-1")
    page.get_by_label("Regions").fill("eu-central-1, us-east-1")
    page.get_by_role("button", name="Add account").click()
    row = page.locator("tr", has_text="<b>mine</b>")
    expect(row).to_contain_text("…WXYZ")
    expect(row).to_contain_text("eu-central-1, us-east-1")
    expect(page.get_by_label("Secret access key")).to_have_value("")
    assert secret not in page.content() and "AKIAQQ" not in page.content()
    # A trial has no Prowler.
    row.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("alert")).to_contain_text("scanners: [prowler]")
    shoot(page, "clouds")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    expect(page.get_by_text("No cloud account yet.")).to_be_visible()
