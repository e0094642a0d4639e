// Says what the choice that is being made would have meant, before it is saved. All words are in the page.

const value = (form, name) =>
  form.querySelector(`input[name="${CSS.escape(name)}"]:checked`)?.value ?? "";

function words(form, place) {
  const { main, further } = JSON.parse(place.dataset.meant);
  const choice = place.dataset.choice;
  const key = `${value(form, choice)}/${value(form, `mails-${choice}`)}`;
  const others = Object.entries(further).map(([name, said]) => said[value(form, `${choice}:${name}`)]);
  return [main[key], ...others].filter(Boolean).join(", ");
}

for (const place of document.querySelectorAll("[data-meant]")) {
  const form = place.closest("form");
  const now = place.querySelector(".now");
  const [asStored, stored] = [now.textContent, words(form, place)];
  form.addEventListener("change", () => {
    const said = words(form, place);
    const next = said === stored ? asStored : `${place.dataset.lead} ${said}.`;
    if (now.textContent !== next) now.textContent = next;
  });
}
