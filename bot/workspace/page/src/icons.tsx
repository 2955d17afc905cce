/** Pictures beside words: none says anything by itself. */
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const EyeIcon = () => (
  <Icon>
    <path d="M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10Z" />
    <circle cx="10" cy="10" r="2.4" />
  </Icon>
);
export const ReplyIcon = () => (
  <Icon>
    <path d="M3 4.5h14v9H9.5L6 16.5v-3H3z" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
export const MenuIcon = () => (
  <Icon>
    <path d="M3 5.5h14M3 10h14M3 14.5h14" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M3 3.5 17.5 10 3 16.5 5 10zM5 10h6" />
  </Icon>
);
export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4" />
  </Icon>
);
export const MoonIcon = () => (
  <Icon>
    <path d="M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3Z" />
  </Icon>
);
export const OfflineIcon = () => (
  <Icon>
    <path d="M3 3l14 14M6.2 6.7A8.5 8.5 0 0 0 3 9M8.4 9.6a5 5 0 0 0-2.6 2.2M17 9a9 9 0 0 0-6.6-3.4M10 15.5h.01" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <path d="M4 10h.01M10 10h.01M16 10h.01" strokeWidth="2.6" />
  </Icon>
);
export const PictureIcon = () => (
  <Icon>
    <path d="M3 4h14v12H3zM3 13l4-4 3.5 3.5L13 10l4 4" />
    <circle cx="13" cy="7.2" r="1.1" />
  </Icon>
);
export const ShortcutIcon = () => (
  <Icon>
    <path d="M11.5 2.5 4.5 11.5h5l-1 6 7-9h-5z" />
  </Icon>
);
