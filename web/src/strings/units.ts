/** Units of time beside a figure that is written already. */

export const units = {
  hours: (figure: string) => `${figure} h`,
  minutes: (figure: string) => `${figure} min`,
  seconds: (figure: string) => `${figure} s`,
  milliseconds: (figure: string) => `${figure} ms`,
};
