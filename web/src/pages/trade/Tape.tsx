/** Public trades, newest first. A click fills the ticket's price. */
import type { Market } from "../../app/desk";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { tapeOf, useChannel } from "../../market/hub";
import { useLink } from "../../market/link";
import { Empty, Loading } from "../../parts/states";
import { useText } from "../../text/trade";

const ROWS = 40;

export function Tape({ market, onPick }: { market: Market; onPick: (price: string) => void }) {
  const t = useText();
  const held = useChannel(tapeOf(market.symbol));
  const { way } = useLink();
  if (!held) return way === "polling" ? <Empty>{t("tape.needsStream")}</Empty> : <Loading rows={8} />;
  if (held.value.length === 0) return <Empty>{t("tape.none")}</Empty>;
  return (
    <div className="ladder">
      <div className="ladder-head">
        <span>{t("column.price")}</span>
        <span>{t("column.size")}</span>
        <span>{t("column.time")}</span>
      </div>
      <div className="tape" tabIndex={0} role="group" aria-label={t("book.trades")}>
        {held.value.slice(0, ROWS).map((print) => (
          <button key={print.id} type="button" tabIndex={-1} className={`level ${print.side === "buy" ? "bought" : "sold"}`} onClick={() => onPick(D.short(D.of(print.price)))}>
            <span>{F.amount(print.price, D.decimalsOf(market.tick))}</span>
            <span>{F.amount(print.quantity, Math.min(5, D.decimalsOf(market.lot)))}</span>
            <span>{F.clock(print.t)}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
