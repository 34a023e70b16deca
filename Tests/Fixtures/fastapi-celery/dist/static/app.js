const answer = await fetch("/api/identity");
const { slot, release } = await answer.json();
document.getElementById("root").textContent = `${slot} serves ${release.slice(0, 12)}`;
