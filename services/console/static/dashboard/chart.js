"use strict";

// Draws each month table of the overview as bars; the table stays, for readers of screens and of numbers.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const charts = [];

  function draw(canvas) {
    const rows = [...document.getElementById(canvas.dataset.table).tBodies[0].rows];
    const amounts = (column) => rows.map((row) => Number(row.cells[column].dataset.value));
    const words = rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    const bar = (column, label, name, stack) => ({
      label, data: amounts(column), backgroundColor: colour(name), stack, borderRadius: 3, maxBarThickness: 34, column,
    });
    return new Chart(canvas, {
      type: "bar",
      data: {
        labels: rows.map((row) => row.dataset.short),
        datasets: [
          bar(2, canvas.dataset.paid, "--bar-paid", "all"),
          bar(3, canvas.dataset.open, "--bar-open", "all"),
          bar(4, canvas.dataset.overdue, "--bar-overdue", "all"),
        ],
      },
      options: {
        maintainAspectRatio: false,
        animation: still.matches ? false : { duration: 350 },
        locale: document.documentElement.lang,
        interaction: { mode: "index", intersect: false },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              title: (items) => words[items[0].dataIndex][0],
              // What the table says of it: exact, and in the reader's language.
              label: (item) => `${item.dataset.label}: ${words[item.dataIndex][item.dataset.exact]}`,
            },
          },
        },
        scales: {
          x: { stacked: true, grid: { display: false }, border: { color: colour("--line") }, ticks: { color: colour("--muted") } },
          y: {
            stacked: true, beginAtZero: true, border: { display: false }, grid: { color: colour("--line") },
            ticks: { color: colour("--muted"), maxTicksLimit: 6, callback: (value) => new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(value) },
          },
        },
      },
    });
  }

  function drawAll() {
    while (charts.length) charts.pop().destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    document.querySelectorAll("canvas[data-table]").forEach((canvas) => charts.push(draw(canvas)));
  }

  dark.addEventListener("change", drawAll);
  drawAll();
})();
