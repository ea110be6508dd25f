// Uploads that say how far they are, which fetch cannot.
//
// Owns: one request with a form. Invariant: as every other request it bears the proof against forgery,
// ends within `UPLOAD_MS`, and fails as an ApiError. Must not know: what is sent.

import { ApiError, proof, readAnswer, renew } from "../api.js";

export const UPLOAD_MS = 120_000;

/** Send a form; `onShare` is told how much has gone, from 0 to 1. Throws ApiError. */
export async function upload(path, form, onShare) {
  const response = await sendOnce(path, form, onShare);
  if (response.status !== 401 || !(await renew())) return readAnswer(response);
  return readAnswer(await sendOnce(path, form, onShare));
}

function sendOnce(path, form, onShare) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1${path}`);
    request.timeout = UPLOAD_MS;
    const said = proof();
    if (said !== null) request.setRequestHeader("X-CSRF-Token", said);
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onShare(loaded / total);
    };
    request.onload = () => {
      const headers = { "Content-Type": request.getResponseHeader("Content-Type") ?? "" };
      resolve(new Response(request.responseText || null, { status: request.status, headers }));
    };
    request.onerror = () => reject(new ApiError("OFFLINE", "The server cannot be reached."));
    request.ontimeout = () => reject(new ApiError("NO_ANSWER", "Sending took too long."));
    request.send(form);
  });
}
