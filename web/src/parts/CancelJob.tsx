/** Ends long work that waits or runs; what it had found so far is gone. */
import { api, body } from "../api/client";
import { useActions } from "../app/actions";
import { useText } from "../text/lists";

export function CancelJob({ job, again, failedWord }: { job: string | null | undefined; again: () => void; failedWord: string }) {
  const t = useText();
  const { failed } = useActions();
  if (!job) return null;
  const cancel = async () => {
    try {
      await body(api.DELETE("/api/jobs/{job_id}", { params: { path: { job_id: job } } }));
    } catch (error) {
      failed(failedWord, error);
    }
    again();
  };
  return (
    <button type="button" className="button small-button" onClick={() => void cancel()}>
      {t("action.cancel")}
    </button>
  );
}
