/// The page at `/`: the cluster at a glance, for a browser. One file without anything to fetch; it
/// reads /v1/status every two seconds, and puts what it reads into the page as text only.
enum AdminPage {
    static var response: HTTPResponse {
        var response = HTTPResponse(
            contentType: "text/html; charset=utf-8", body: Array(html.utf8))
        // Nothing from elsewhere, and not inside somebody else's page.
        response.headers.append(
            (
                name: "Content-Security-Policy",
                value: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                    + "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'"
            ))
        return response
    }

    private static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Martlet</title>
        <style>
        :root { color-scheme: light dark;
          --line: #8884; --quiet: #888; --good: #2a8a4a; --bad: #c0392b; }
        body { font: 15px/1.5 system-ui, sans-serif;
          max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.4rem; margin: 0; }
        h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
        .quiet { color: var(--quiet); }
        .good { color: var(--good); }
        .bad { color: var(--bad); }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
          gap: 1rem; margin: 1.5rem 0 0; }
        dt { color: var(--quiet); font-size: .85rem; }
        dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere; }
        .table { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .35rem .8rem .35rem 0; white-space: nowrap;
          border-bottom: 1px solid var(--line); }
        th { color: var(--quiet); font-weight: normal; font-size: .85rem; }
        td.number, th.number { text-align: right; }
        .bar { display: inline-block; width: 6rem; height: .6rem; margin-right: .5rem;
          background: var(--line); border-radius: .3rem; overflow: hidden; }
        .bar span { display: block; height: 100%; background: var(--good); }
        code { font-size: .9em; }
        </style>
        </head>
        <body>
        <h1>Martlet <span id="state" class="quiet" role="status">…</span></h1>
        <div id="cluster" class="quiet"></div>
        <noscript>This page needs JavaScript. The same is at
        <a href="/v1/status">/v1/status</a>.</noscript>
        <dl id="facts"></dl>
        <h2>Members</h2>
        <div class="table">
        <table>
        <thead><tr><th>Node</th><th>Clients connect to</th><th>Zone</th>
        <th class="number">Weight</th><th>Share</th><th class="number">First in</th>
        <th>Seen from here</th></tr></thead>
        <tbody id="members"></tbody>
        </table>
        </div>
        <p class="quiet">More: <a href="/v1/ring">ring</a>, <a href="/v1/config">settings</a>,
        <a href="/metrics">metrics</a>. Where a key lives: <code>martletctl explain KEY</code>.</p>
        <script>
        "use strict";
        const at = id => document.getElementById(id);
        const element = (name, text, className) => {
          const made = document.createElement(name);
          if (text !== undefined) made.textContent = text;
          if (className) made.className = className;
          return made;
        };
        const bytes = count => {
          const units = ["B", "KiB", "MiB", "GiB", "TiB"];
          let unit = 0;
          while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
          return count.toFixed(unit && count < 10 ? 1 : 0) + " " + units[unit];
        };
        const span = seconds => {
          const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
          const first = parts.findIndex(([size]) => seconds >= size);
          if (first < 0) return "0 s";
          return parts.slice(first, first + 2).map(([size, name], index) =>
            Math.floor((index ? seconds % parts[first][0] : seconds) / size) + " " + name
          ).join(" ");
        };
        const show = status => {
          const { node, cluster, members } = status;
          const away = members.filter(member => !member.reachable).length;
          const state = at("state");
          state.textContent = !node.ready ? node.unreadiness
            : away ? `serves, ${away} of ${members.length} members away` : "serves";
          state.className = node.ready && !away ? "good" : "bad";
          at("cluster").textContent = cluster.id
            ? `cluster ${cluster.id}, seen from node ${node.number}, version ${node.version}`
            : `no cluster yet, version ${node.version}`;
          const facts = [
            ["Members", members.length], ["Replicas (n)", cluster.n],
            ["Quorums", `r ${cluster.r}, w ${cluster.w}`], ["Partitions", cluster.partitions],
            ["Topology epoch", cluster.epoch],
            ["Keys held here", "≈ " + node.keys.toLocaleString()], ["Clients", node.connected_clients], ["Memory", bytes(node.memory_bytes)],
            ["Disk free", bytes(node.disk_free_bytes)], ["Shards", node.shards],
            ["Up for", span(node.uptime_seconds)],
          ];
          at("facts").replaceChildren(...facts.map(([name, value]) => {
            const fact = element("div");
            fact.append(element("dt", name), element("dd", value));
            return fact;
          }));
          const most = Math.max(...members.map(member => member.share), 0.0001);
          at("members").replaceChildren(...members.map(member => {
            const row = element("tr");
            const share = element("td");
            const bar = element("span", undefined, "bar");
            const filled = element("span");
            filled.style.width = 100 * member.share / most + "%";
            bar.append(filled);
            share.append(bar, (100 * member.share).toFixed(1) + " %");
            row.append(element("td", member.number), element("td", member.client_address),
              element("td", member.zone), element("td", member.weight, "number"), share,
              element("td", member.first_places, "number"),
              element("td", member.self ? "this node" : member.reachable ? "reachable" : "away",
                member.reachable ? "good" : "bad"));
            return row;
          }));
        };
        const refresh = async () => {
          try {
            const answer = await fetch("/v1/status", { cache: "no-store" });
            const status = await answer.json();
            if (!answer.ok) throw new Error(status.error);
            show(status);
          } catch (error) {
            at("state").textContent = "no answer: " + error.message;
            at("state").className = "bad";
          }
          setTimeout(refresh, 2000);
        };
        refresh();
        </script>
        </body>
        </html>

        """
}
