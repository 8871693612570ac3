"""What `apus train` would do in so many seconds, as options that say it without the seconds."""
import subprocess


def planned(apus, corpus, validation, work, seconds, words=()):
    """Options and values of the plan, its horizon left out, and under "vocabulary" its vocabulary.

    Without a text to validate on, some of the corpus is held out."""
    validated = ["--validation", validation] if validation else []
    done = subprocess.run(
        [apus, "train", corpus, *validated, "-o", str(work / "none"), "--time", f"{seconds:g}s",
         "--dry-run", *words], check=True, capture_output=True, text=True)
    said = {}
    for line in (done.stdout + done.stderr).splitlines():
        parts = [part.strip() for part in line.strip().split("  ") if part.strip()]
        if len(parts) > 1:
            said[parts[0]] = parts[1]
    # What only some plans have.
    parts = {"--activation": said["activation"]} if "activation" in said else {}
    return {"--layers": said["layers"], "--width": said["width"], "--heads": said["heads"],
            "--context": said["context"], "--batch-tokens": said["tokens a step"].split()[0],
            "--sampled-softmax": said["sampled softmax"].split()[0].replace("none", "0"),
            **parts, "vocabulary": int(said["vocabulary"].split()[0])}
